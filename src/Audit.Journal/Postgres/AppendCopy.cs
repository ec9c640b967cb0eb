using Npgsql;
using NpgsqlTypes;

namespace Audit.Journal.Postgres;

/// <summary>
/// An append as one COPY under the journal's lock. It bets that no stream is lost, and says so when the bet failed:
/// then nothing was written.
/// </summary>
internal sealed class AppendCopy : IAsyncDisposable
{
    // Each statement of the batch has a snapshot of its own, so the third one's is younger than the lock.
    private static readonly string LockSql = AdvisoryLock.JournalAppend.TakeForTransactionSql();

    private const string StaleSql = """
        SELECT count(*) FROM unnest($1, $2) AS r(id, expected)
        WHERE r.expected <> coalesce((SELECT max(j.sequence_number) FROM journal j WHERE j.persistence_id = r.id), 0)
        """;

    // While the lock is held nobody writes, so what the sequence stands at is what the next row follows.
    private const string SequenceSql =
        "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM journal_ordering_seq";

    // Somebody who took a number without the lock makes the rows' positions other than counted. Then this divides by
    // zero, and the COMMIT that was sent with it is skipped.
    private const string CheckSql = "SELECT 1 / (last_value = $1)::int FROM journal_ordering_seq";

    private readonly List<ReadOnlyMemory<byte>> ids = [];
    private readonly List<long> expected = [];
    private readonly NpgsqlParameter<long> lastPosition = new();
    private readonly NpgsqlConnection connection;
    private readonly CopyBuffer buffer;
    private readonly NpgsqlBatch begin;
    private readonly NpgsqlBatch commit;

    public AppendCopy(NpgsqlConnection connection, Guid writer)
    {
        this.connection = connection;
        buffer = new CopyBuffer(writer);
        var check = new NpgsqlBatchCommand(CheckSql) { Parameters = { lastPosition } };
        commit = new NpgsqlBatch(connection) { BatchCommands = { check, new("COMMIT") } };
        var stale = new NpgsqlBatchCommand(StaleSql);
        stale.Parameters.Add(new NpgsqlParameter<List<ReadOnlyMemory<byte>>>
        {
            TypedValue = ids, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
        });
        stale.Parameters.Add(new NpgsqlParameter<List<long>>
        {
            TypedValue = expected, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint,
        });
        begin = new NpgsqlBatch(connection)
        {
            BatchCommands = { new("BEGIN"), new(LockSql), stale, new(SequenceSql) },
        };
    }

    public async Task PrepareAsync(CancellationToken cancellation)
    {
        await begin.PrepareAsync(cancellation);
        await commit.PrepareAsync(cancellation);
    }

    /// <returns>The last position written, or nothing when the bet failed.</returns>
    public async Task<long?> TryRunAsync(AppendPlan plan, IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        var before = await BeginAsync(plan);
        if (before is { } first
            && await TryCopyAsync(plan, rows)
            && await TryCommitAsync(first + plan.RowsToWrite))
        {
            plan.Written(connection);
            Number(plan, rows.Count, first, positions.Span);
            return lastPosition.TypedValue;
        }

        await connection.RunSqlAsync("ROLLBACK", CancellationToken.None);
        return null;
    }

    public async ValueTask DisposeAsync()
    {
        await begin.DisposeAsync();
        await commit.DisposeAsync();
    }

    /// <returns>The last position before the append, or nothing when a stream does not stand where it should.</returns>
    private async Task<long?> BeginAsync(AppendPlan plan)
    {
        // Streams expected to be new need no look: if they are not, their first row's key is there already.
        ids.Clear();
        expected.Clear();
        foreach (ref readonly var stream in plan.Streams)
        {
            if (stream.Expected == 0 || stream.Handle.WasWritten(connection, stream.Expected))
            {
                continue;
            }

            ids.Add(stream.Handle.Key.Utf8);
            expected.Add(stream.Expected);
        }
        await using var reader = await begin.ExecuteReaderAsync();
        await reader.NextResultAsync();
        await reader.ReadAsync();
        var stale = reader.GetInt64(0);
        await reader.NextResultAsync();
        await reader.ReadAsync();
        return stale == 0 ? reader.GetInt64(0) : null;
    }

    /// <returns>False when a key was there already.</returns>
    private async Task<bool> TryCopyAsync(AppendPlan plan, IReadOnlyList<RowToAppend> rows)
    {
        try
        {
            await using (var stream = await connection.BeginRawBinaryCopyAsync(CopyBuffer.Command))
            {
                await WriteAsync(stream, plan, rows);
            }

            return true;
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return false;
        }
    }

    private async Task WriteAsync(Stream stream, AppendPlan plan, IReadOnlyList<RowToAppend> rows)
    {
        buffer.Begin();
        for (var i = 0; i < rows.Count; i++)
        {
            if (plan.StreamOf(i) < 0)
            {
                continue;
            }

            var row = rows[i];
            if (!buffer.FitsHead)
            {
                await FlushAsync(stream);
            }

            buffer.Head(row);
            if (!buffer.Fits(row.Message))
            {
                await FlushAsync(stream);
            }

            if (buffer.Fits(row.Message))
            {
                buffer.Message(row.Message);
            }
            else
            {
                await stream.WriteAsync(row.Message);
            }
        }
        if (!buffer.FitsHead)
        {
            await FlushAsync(stream);
        }

        buffer.End();
        await FlushAsync(stream);
    }

    private async ValueTask FlushAsync(Stream stream)
    {
        await stream.WriteAsync(buffer.Written);
        buffer.Clear();
    }

    /// <returns>False when the rows' positions are not those that were counted.</returns>
    private async Task<bool> TryCommitAsync(long last)
    {
        try
        {
            lastPosition.TypedValue = last;
            await commit.ExecuteNonQueryAsync();
            return true;
        }
        catch (PostgresException failure) when (failure.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            return false;
        }
    }

    private static void Number(AppendPlan plan, int rows, long before, Span<long> positions)
    {
        for (var i = 0; i < rows; i++)
        {
            if (plan.StreamOf(i) >= 0)
            {
                positions[i] = ++before;
            }
        }
    }
}
