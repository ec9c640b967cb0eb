using Audit.Projections.Postgres;
using Audit.Projections.Search.Indexing;
using Audit.Projections.Stores;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Search.Postgres;

/// <summary>Adds a batch to the index, and moves its offset, in one transaction.</summary>
internal sealed class PostgresIndexWriter
{
    private const string OffsetSql = """
        UPDATE offsets SET position = $2, digest = $3, halted_at = NULL, sentence = NULL
        WHERE name = $1 AND position = $4 AND digest = $5
        """;

    private const string NamesSql =
        "INSERT INTO names (key, name) SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING";

    private const string UnreadSql =
        "INSERT INTO unread (position, sentence) SELECT * FROM unnest($1::bigint[], $2::text[]) ON CONFLICT DO NOTHING";

    private readonly CopyText copy = new();
    private readonly WordVector vector = new();

    public async Task<bool> WriteAsync(NpgsqlConnection connection, IndexBatch batch, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        object[] offset = [OffsetRow.Search, batch.To.Position, batch.To.Digest, batch.From.Position, batch.From.Digest];
        if (await RunAsync(connection, OffsetSql, offset.Select(PostgresSession.Parameter), cancellation) != 1)
        {
            return false;
        }

        if (batch.Documents.Count > 0)
        {
            await CopyAsync(connection, batch, cancellation);
        }

        if (batch.Names.Count > 0)
        {
            var names = batch.Names.Select(name => ((long)name.Key, name.Name)).ToList();
            await RunAsync(connection, NamesSql, Pairs(names), cancellation);
        }

        if (batch.Unread.Count > 0)
        {
            await RunAsync(connection, UnreadSql, Pairs(batch.Unread), cancellation);
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    private async Task CopyAsync(NpgsqlConnection connection, IndexBatch batch, CancellationToken cancellation)
    {
        copy.Begin();
        foreach (var document in batch.Documents)
        {
            copy.BeginRow();
            copy.Number(document.Position);
            copy.Number(document.Call);
            copy.Number(document.At);
            vector.WriteTo(copy, document.Position, batch.Text.WrittenMemory.Slice(document.Start, document.Words + document.Marks), document.Words);
        }

        copy.End();
        await using var stream = await connection.BeginRawBinaryCopyAsync(CopyText.Command, cancellation);
        await stream.WriteAsync(copy.Written, cancellation);
    }

    private static NpgsqlParameter[] Pairs(IReadOnlyCollection<(long Number, string Text)> pairs) =>
    [
        new NpgsqlParameter<long[]> { TypedValue = [.. pairs.Select(pair => pair.Number)] },
        new NpgsqlParameter<string[]>
        {
            TypedValue = [.. pairs.Select(pair => pair.Text)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        },
    ];

    private static async Task<int> RunAsync(
        NpgsqlConnection connection, string sql, IEnumerable<NpgsqlParameter> parameters, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters.ToArray());
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
