using Npgsql;
using NpgsqlTypes;

namespace Audit.Journal.Postgres;

/// <summary>An append as one call of the database's own function: it finds the losers by itself.</summary>
internal sealed class AppendCall : IAsyncDisposable
{
    private readonly List<ReadOnlyMemory<byte>> ids = [];
    private readonly List<long> expected = [];
    private readonly List<long> sequences = [];
    private readonly List<long> created = [];
    private readonly List<string> manifests = [];
    private readonly List<ReadOnlyMemory<byte>> messages = [];
    private readonly NpgsqlConnection connection;
    private readonly NpgsqlCommand command;

    public AppendCall(NpgsqlConnection connection, string writer)
    {
        this.connection = connection;
        command = new NpgsqlCommand(
            "SELECT accepted, positions FROM journal_append($1, $2, $3, $4, $5, $6, $7, $8)", connection);
        Add(ids, NpgsqlDbType.Text);
        Add(expected, NpgsqlDbType.Bigint);
        Add(sequences, NpgsqlDbType.Bigint);
        Add(created, NpgsqlDbType.Bigint);
        Add(manifests, NpgsqlDbType.Text);
        Add(messages, NpgsqlDbType.Bytea);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = JournalTable.SerializerId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = writer });
    }

    public Task PrepareAsync(CancellationToken cancellation) => command.PrepareAsync(cancellation);

    /// <returns>The last position written, 0 when none was.</returns>
    public async Task<long> RunAsync(AppendPlan plan, IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        Fill(plan, rows);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var accepted = reader.GetFieldValue<bool[]>(0);
        var written = reader.IsDBNull(1) ? [] : reader.GetFieldValue<long[]>(1);
        // A long answer comes before its commit, which is what counts.
        await reader.NextResultAsync();
        Settle(plan, rows.Count, accepted, written, positions.Span);
        plan.Written(connection);
        return written.Length == 0 ? 0 : written[^1];
    }

    public ValueTask DisposeAsync() => command.DisposeAsync();

    private void Fill(AppendPlan plan, IReadOnlyList<RowToAppend> rows)
    {
        Clear();
        for (var i = 0; i < rows.Count; i++)
        {
            if (plan.StreamOf(i) is var stream && stream < 0)
            {
                continue;
            }

            var row = rows[i];
            ids.Add(row.Stream.Key.Utf8);
            expected.Add(plan.Streams[stream].Expected);
            sequences.Add(row.Sequence);
            created.Add(row.CreatedTicks);
            manifests.Add(row.Manifest);
            messages.Add(row.Message);
        }
    }

    private void Clear()
    {
        ids.Clear();
        expected.Clear();
        sequences.Clear();
        created.Clear();
        manifests.Clear();
        messages.Clear();
    }

    private static void Settle(AppendPlan plan, int rows, bool[] accepted, long[] written, Span<long> positions)
    {
        var asked = 0;
        var landed = 0;
        for (var i = 0; i < rows; i++)
        {
            if (plan.StreamOf(i) is var stream && stream < 0)
            {
                continue;
            }

            if (accepted[asked++])
            {
                positions[i] = written[landed++];
            }
            else
            {
                plan.Streams[stream].Handle.Lose();
            }
        }
    }

    private void Add<T>(List<T> values, NpgsqlDbType type) =>
        command.Parameters.Add(
            new NpgsqlParameter<List<T>> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type });
}
