using Audit.Load.Workloads;
using Npgsql;

namespace Audit.Load.Floors;

/// <summary>The journal's rows, inserted by hand: one UNNEST a transaction.</summary>
internal static class PostgresJournalInsert
{
    private const string InsertSql = """
        INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        SELECT $1, false, r.id, r.sequence_number, r.message, r.manifest, 7401, $2
        FROM unnest($3, $4, $5, $6) AS r(id, sequence_number, message, manifest)
        """;

    /// <summary>Inserts each of the transactions whose number leaves that remainder.</summary>
    public static async Task InsertAllAsync(
        NpgsqlConnection connection, JournalRowToCopy[] rows, int remainder, int writers, int rowsPerTransaction)
    {
        var created = new NpgsqlParameter<long>();
        var ids = new NpgsqlParameter<string[]>();
        var sequences = new NpgsqlParameter<long[]>();
        var messages = new NpgsqlParameter<byte[][]>();
        var manifests = new NpgsqlParameter<string[]>();
        await using var command = new NpgsqlCommand(InsertSql, connection)
        {
            CommandTimeout = 0,
            Parameters =
            {
                created, new NpgsqlParameter<string> { TypedValue = Guid.NewGuid().ToString() },
                ids, sequences, messages, manifests,
            },
        };
        var transaction = 0;
        foreach (var chunk in rows.Chunk(rowsPerTransaction))
        {
            if (transaction++ % writers != remainder)
            {
                continue;
            }

            created.TypedValue = DateTime.UtcNow.Ticks;
            ids.TypedValue = Array.ConvertAll(chunk, row => row.PersistenceId);
            sequences.TypedValue = Array.ConvertAll(chunk, row => row.Sequence);
            messages.TypedValue = Array.ConvertAll(chunk, row => row.Message);
            manifests.TypedValue = Array.ConvertAll(chunk, row => row.Manifest);
            if (!command.IsPrepared)
            {
                await command.PrepareAsync();
            }

            await command.ExecuteNonQueryAsync();
        }
    }
}
