using System.Text;
using Audit.Integrity.Storage;
using SQLitePCL;

namespace Audit.Integrity.Rows;

/// <summary>
/// The rows of a SQLite store, over a connection that can only read: it takes no lock file and does not keep a node from
/// writing. Each batch is a transaction of its own, so that the node's write-ahead log can be taken in meanwhile.
/// </summary>
internal sealed class SqliteRowSource : IRowSource
{
    private const int BusyMilliseconds = 10_000;

    private const string Columns =
        "ordering, sequence_number, created, identifier, deleted, persistence_id, manifest, message";

    private const string PageSql = $"SELECT {Columns} FROM journal WHERE ordering >= ?1 ORDER BY ordering";

    private const string StreamSql = $"SELECT {Columns} FROM journal WHERE persistence_id = ?1 ORDER BY sequence_number";

    private readonly string path;
    private readonly sqlite3 connection;
    private readonly sqlite3_stmt page;
    // From the least there is: nobody shall hide a row where positions usually do not begin.
    private long? next = long.MinValue;

    static SqliteRowSource() => Batteries_V2.Init();

    private SqliteRowSource(string path, sqlite3 connection)
    {
        this.path = path;
        this.connection = connection;
        page = Prepare(PageSql);
    }

    public static SqliteRowSource Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new StoreException($"There is no file {path}.");
        }

        try
        {
            return Open(path, path, raw.SQLITE_OPEN_READONLY);
        }
        catch (StoreException) when (SqliteImmutable.MayBe(path))
        {
            return Open(path, SqliteImmutable.UriOf(path), raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI);
        }
    }

    public Task SeekAsync(long position, CancellationToken cancellation)
    {
        next = position;
        return Task.CompletedTask;
    }

    public Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (next is not { } from)
        {
            return Task.CompletedTask;
        }

        Check(raw.sqlite3_bind_int64(page, 1, from));
        while (!batch.IsFull && Step(page))
        {
            Add(batch, page);
        }

        var last = batch.Count == 0 ? long.MaxValue : batch[batch.Count - 1].Position;
        next = last == long.MaxValue ? null : last + 1;
        raw.sqlite3_reset(page);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation)
    {
        var rows = new List<JournalRow>();
        using var statement = Prepare(StreamSql);
        foreach (var stream in streams)
        {
            cancellation.ThrowIfCancellationRequested();
            Check(raw.sqlite3_bind_text(statement, 1, stream));
            while (Step(statement))
            {
                rows.Add(Row(stream, statement));
            }

            raw.sqlite3_reset(statement);
        }
        return Task.FromResult<IReadOnlyList<JournalRow>>(rows);
    }

    public ValueTask DisposeAsync()
    {
        page.Dispose();
        connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private static SqliteRowSource Open(string path, string name, int mode)
    {
        var code = raw.sqlite3_open_v2(name, out var connection, mode | raw.SQLITE_OPEN_NOMUTEX, null);
        if (code == raw.SQLITE_OK)
        {
            raw.sqlite3_busy_timeout(connection, BusyMilliseconds);
            try
            {
                return new SqliteRowSource(path, connection);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        var message = raw.sqlite3_errmsg(connection).utf8_to_string();
        connection.Dispose();
        throw new StoreException($"The store sqlite:{path} cannot be read: {message}.");
    }

    private static void Add(RowBatch batch, sqlite3_stmt row)
    {
        var slot = new RowSlot
        {
            Position = raw.sqlite3_column_int64(row, 0),
            Sequence = raw.sqlite3_column_int64(row, 1),
            Created = raw.sqlite3_column_int64(row, 2),
            Identifier = IdentifierOf(row),
            Deleted = raw.sqlite3_column_int(row, 4) != 0,
        };
        batch.Add(
            slot, raw.sqlite3_column_blob(row, 5), raw.sqlite3_column_blob(row, 6), raw.sqlite3_column_blob(row, 7));
    }

    private static JournalRow Row(string stream, sqlite3_stmt row) =>
        new(
            raw.sqlite3_column_int64(row, 0),
            stream,
            raw.sqlite3_column_int64(row, 1),
            raw.sqlite3_column_int64(row, 2),
            Encoding.UTF8.GetString(raw.sqlite3_column_blob(row, 6)),
            raw.sqlite3_column_blob(row, 7).ToArray())
        {
            Identifier = IdentifierOf(row),
            Deleted = raw.sqlite3_column_int(row, 4) != 0,
        };

    private static int? IdentifierOf(sqlite3_stmt row) =>
        raw.sqlite3_column_type(row, 3) == raw.SQLITE_NULL ? null : raw.sqlite3_column_int(row, 3);

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(connection, sql, out var statement));
        return statement;
    }

    private bool Step(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        if (code != raw.SQLITE_DONE)
        {
            Check(code);
        }

        return false;
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            var message = raw.sqlite3_errmsg(connection).utf8_to_string();
            throw new StoreException($"The store sqlite:{path} cannot be read: {message}.");
        }
    }
}
