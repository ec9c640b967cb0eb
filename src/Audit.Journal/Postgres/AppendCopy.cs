using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>
/// An append of many rows. They are sent by COPY into a table of the session's own; then one short message takes the
/// journal's lock, moves them and commits. Whatever becomes of the node on the way, it holds the lock never, and the
/// server only for as long as it works. It bets that no stream is lost, and says so when the bet failed: then nothing
/// was written.
/// </summary>
internal sealed class AppendCopy : IAsyncDisposable
{
    /// <summary>Makes the table. Its messages are as small already as they get.</summary>
    public const string StageSql = """
        CREATE TEMPORARY TABLE journal_staged (
            n int NOT NULL, expected bigint, created bigint NOT NULL, persistence_id varchar(255) COLLATE "C" NOT NULL,
            sequence_number bigint NOT NULL, manifest varchar(500), message bytea NOT NULL) ON COMMIT DELETE ROWS;
        ALTER TABLE journal_staged ALTER COLUMN message SET STORAGE EXTERNAL;
        SET work_mem = '64MB'
        """;

    // Each statement of the batch has a snapshot of its own, so those behind the first are younger than the lock.
    private static readonly string LockSql = AdvisoryLock.JournalAppend.TakeForTransactionSql();

    // What must not be divides by zero, and all that was sent behind it is skipped, the COMMIT too.
    private const string StaleSql = """
        SELECT 1 / (NOT EXISTS (
            SELECT FROM journal_staged r WHERE r.expected IS NOT NULL AND r.expected
                <> coalesce((SELECT max(j.sequence_number) FROM journal j WHERE j.persistence_id = r.persistence_id), 0)
            ))::int
        """;

    // Somebody who took a number without the lock makes the rows' positions other than counted.
    private const string MoveSql = """
        WITH moved AS (
            INSERT INTO journal
                (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            SELECT created, false, persistence_id, sequence_number, message, manifest, $1, $2
            FROM journal_staged ORDER BY n
            RETURNING ordering)
        SELECT min(ordering), 1 / (count(*) = max(ordering) - min(ordering) + 1)::int FROM moved
        """;

    private readonly NpgsqlConnection connection;
    private readonly CopyBuffer buffer = new();
    private readonly NpgsqlBatch move;

    public AppendCopy(NpgsqlConnection connection, string writer)
    {
        this.connection = connection;
        var moving = new NpgsqlBatchCommand(MoveSql)
        {
            Parameters =
            {
                new NpgsqlParameter<int> { TypedValue = JournalTable.SerializerId },
                new NpgsqlParameter<string> { TypedValue = writer },
            },
        };
        move = new NpgsqlBatch(connection)
        {
            BatchCommands = { new(LockSql), new(StaleSql), moving, new("COMMIT") },
        };
    }

    public Task PrepareAsync(CancellationToken cancellation) => move.PrepareAsync(cancellation);

    /// <returns>The last position written, or nothing when the bet failed.</returns>
    public async Task<long?> TryRunAsync(AppendPlan plan, IReadOnlyList<RowToAppend> rows, Memory<long> positions)
    {
        // What was not committed is rolled back when it is disposed of.
        await using var transaction = await connection.BeginTransactionAsync();
        await using (var stream = await connection.BeginRawBinaryCopyAsync(CopyBuffer.Command))
        {
            await WriteAsync(stream, plan, rows);
        }

        if (await TryMoveAsync() is not { } first)
        {
            return null;
        }

        plan.Written(connection);
        Number(plan, rows.Count, first, positions.Span);
        return first + plan.RowsToWrite - 1;
    }

    public ValueTask DisposeAsync() => move.DisposeAsync();

    private async Task WriteAsync(Stream stream, AppendPlan plan, IReadOnlyList<RowToAppend> rows)
    {
        buffer.Begin();
        for (var i = 0; i < rows.Count; i++)
        {
            if (plan.StreamOf(i) is var index && index < 0)
            {
                continue;
            }

            var row = rows[i];
            if (!buffer.FitsHead)
            {
                await FlushAsync(stream);
            }

            buffer.Head(i, row, Expected(plan.Streams[index], row));
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

    /// <summary>
    /// What the row's stream must end with, where that wants a look: streams expected to be new need none, for if they
    /// are not, their first row's key is there already.
    /// </summary>
    private long? Expected(in StreamInAppend stream, in RowToAppend row) =>
        row.Sequence != stream.Expected + 1 || stream.Expected == 0
            || stream.Handle.WasWritten(connection, stream.Expected)
            ? null
            : stream.Expected;

    private async ValueTask FlushAsync(Stream stream)
    {
        await stream.WriteAsync(buffer.Written);
        buffer.Clear();
    }

    /// <returns>
    /// The first position, or nothing when a stream does not stand where it should, a key was there already, a stream
    /// was cut, or the positions are not those that were counted.
    /// </returns>
    private async Task<long?> TryMoveAsync()
    {
        try
        {
            await using var reader = await move.ExecuteReaderAsync();
            await reader.NextResultAsync();
            await reader.NextResultAsync();
            await reader.ReadAsync();
            var first = reader.GetInt64(0);
            // Up to the COMMIT.
            while (await reader.NextResultAsync())
            {
            }

            return first;
        }
        catch (PostgresException failure) when (failure.SqlState
            is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DivisionByZero)
        {
            return null;
        }
    }

    private static void Number(AppendPlan plan, int rows, long next, Span<long> positions)
    {
        for (var i = 0; i < rows; i++)
        {
            if (plan.StreamOf(i) >= 0)
            {
                positions[i] = next++;
            }
        }
    }
}
