using Npgsql;

namespace Audit.Integrity.Rows;

/// <summary>
/// The rows of a PostgreSQL store, by binary COPY: nothing else gives as many rows for as little work.
/// </summary>
internal sealed class PostgresRowSource : IRowSource
{
    /// <summary>A COPY holds a snapshot, so it ends from time to time.</summary>
    private const int RowsInCopy = 50_000;

    private const string Columns =
        "ordering, sequence_number, created, identifier, deleted, persistence_id, coalesce(manifest, ''), message, "
        + "0::bigint";

    private const string CutColumns =
        "ordering, sequence_number, created, NULL::int, false, ''::varchar, ''::varchar, hashes, disposal";

    private const string SettingsSql =
        "SET default_transaction_read_only = on; SET enable_seqscan = off; SET enable_bitmapscan = off; "
        + "SET enable_sort = off; SET jit = off";

    private const string StreamsSql =
        $"SELECT {JournalTable.Columns} FROM journal WHERE persistence_id = ANY ($1) "
        + "ORDER BY persistence_id, sequence_number";

    private readonly PostgresPool pool;
    private readonly NpgsqlConnection connection;
    private readonly bool onlyGiven;
    private readonly bool hasCut;
    private CopyRows? copy;
    // From the least there is: nobody shall hide a row where positions usually do not begin.
    private long? next = long.MinValue;
    private int? limit = RowsInCopy;

    private PostgresRowSource(PostgresPool pool, NpgsqlConnection connection, bool onlyGiven, bool hasCut)
    {
        this.hasCut = hasCut;
        this.onlyGiven = onlyGiven;
        this.pool = pool;
        this.connection = connection;
    }

    public static async Task<PostgresRowSource> OpenAsync(
        string address, bool onlyGiven, CancellationToken cancellation)
    {
        var use = new PostgresUse(SettingsSql, (_, failure) => failure)
        {
            CommandSeconds = 0, MostConnections = 1, ConnectSeconds = 30, ConnectTries = 3,
        };
        var pool = new PostgresPool(address, use);
        try
        {
            var connection = await pool.OpenLastingAsync(cancellation);
            // A store of before has no such table.
            return new PostgresRowSource(
                pool, connection, onlyGiven,
                await connection.ScalarAsync("SELECT to_regclass('journal_cut') IS NOT NULL", cancellation) is true);
        }
        catch (NpgsqlException failure)
        {
            await pool.DisposeAsync();
            throw Unreadable(failure);
        }
    }

    public async Task SeekAsync(long position, CancellationToken cancellation)
    {
        next = position;
        // Who seeks a place often wants a few rows there.
        limit = null;
        if (copy is not null)
        {
            await copy.DisposeAsync();
        }

        copy = null;
    }

    public async Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        try
        {
            while (!batch.IsFull && next is not null)
            {
                limit ??= batch.Most;
                copy ??= await CopyRows.BeginAsync(connection, CopySql(), cancellation);
                if (await copy.FillAsync(batch, cancellation))
                {
                    continue;
                }

                var isLast = copy.Rows < limit || copy.LastPosition == long.MaxValue;
                next = isLast ? null
                    : copy.LastPosition >= next ? copy.LastPosition + 1
                    : throw new StoreDamagedException(
                        $"The store in PostgreSQL is damaged next to position {next - 1}: behind it lies "
                            + $"{copy.LastPosition}.",
                        next.Value - 1);
                limit = RowsInCopy;
                await copy.DisposeAsync();
                copy = null;
            }
        }
        catch (PostgresException damage) when (damage.SqlState
            is PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted)
        {
            var reached = copy is { Rows: > 0 } read ? read.LastPosition ?? 0 : Math.Max(next ?? 0, 1) - 1;
            throw new StoreDamagedException(
                $"The store in PostgreSQL is damaged next to position {reached}: {damage.MessageText}", reached,
                damage);
        }
        catch (NpgsqlException failure)
        {
            throw Unreadable(failure);
        }
    }

    public async Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation) =>
        await new PostgresSession(connection).QueryAsync(
            StreamsSql, [streams.ToArray()], new JournalRows().Read, cancellation);

    public async ValueTask DisposeAsync()
    {
        if (copy is not null)
        {
            await copy.DisposeAsync();
        }

        await connection.DisposeAsync();
        await pool.DisposeAsync();
    }

    // SQLite has no such rows: whatever is inserted there moves the sequence on.
    private string Bound => onlyGiven ? " AND ordering <= (SELECT last_value FROM journal_ordering_seq)" : "";

    private string CopySql() => FormattableString.Invariant(
        $"""
        COPY (
            SELECT {Columns} FROM journal WHERE ordering >= '{next}'::bigint{Bound}{CutSql} ORDER BY 1 LIMIT {limit})
        TO STDOUT (FORMAT BINARY)
        """);

    private string CutSql => hasCut
        ? FormattableString.Invariant(
            $" UNION ALL SELECT {CutColumns} FROM journal_cut WHERE ordering >= '{next}'::bigint")
        : "";

    private static StoreException Unreadable(NpgsqlException failure) =>
        new($"The store in PostgreSQL cannot be read: {failure.Message}", failure);
}
