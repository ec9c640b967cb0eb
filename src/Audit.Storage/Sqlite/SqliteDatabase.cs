using System.Data.Common;
using SQLitePCL;

namespace Audit.Storage.Sqlite;

/// <summary>What SQLite answered when a call failed.</summary>
public sealed class SqliteFailure(int code, string reason) : DbException($"SQLite error {code}: {reason}")
{
    private const int PrimaryCode = 0xFF;

    /// <summary>SQLite's result code, without what it adds in detail.</summary>
    public int Code { get; } = code & PrimaryCode;

    /// <summary>What lies in the file cannot be read.</summary>
    public bool IsDamage => Code is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>Somebody else writes just now.</summary>
    public bool IsBusy => Code is raw.SQLITE_BUSY;

    /// <summary>In SQLite's own words.</summary>
    public string Reason { get; } = reason;

    /// <summary>
    /// A damaged page may give rows that belong before it: who reads on behind the last of them would read for ever.
    /// </summary>
    public static SqliteFailure OutOfOrder(long number, long behind) => new(
        raw.SQLITE_CORRUPT, $"behind the row numbered {behind} lies one numbered {number}");
}

/// <summary>
/// One connection by SQLite's own interface, used by one thread at a time: on the hot path an ADO.NET command costs
/// more than the insert itself.
/// </summary>
public sealed class SqliteDatabase : IDisposable
{
    /// <summary>How long it waits for whoever is in the way.</summary>
    public const int BusyMilliseconds = 4_000;

    private readonly Dictionary<string, SqliteStatement> statements = [];
    private readonly sqlite3 connection;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 connection) => this.connection = connection;

    public bool InTransaction => raw.sqlite3_get_autocommit(connection) == 0;

    public long LastInsertedRow => raw.sqlite3_last_insert_rowid(connection);

    public int Changes => raw.sqlite3_changes(connection);

    /// <param name="settings">Pragmas.</param>
    public static SqliteDatabase OpenWriter(string path, string settings = "") =>
        Open(path, raw.SQLITE_OPEN_READWRITE, settings);

    public static SqliteDatabase OpenReader(string path, string settings = "") =>
        Open(path, raw.SQLITE_OPEN_READONLY, settings);

    /// <summary>
    /// Opens a file for reading that nobody will change. A file in write-ahead mode can be read where nothing may be
    /// written only so; with a write-ahead log beside it, it would show an old state.
    /// </summary>
    public static SqliteDatabase OpenUnchanging(string path) => Open(
        $"file:{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?immutable=1",
        raw.SQLITE_OPEN_READONLY | raw.SQLITE_OPEN_URI, "");

    /// <summary>Opens a file for reading, where need be as one that nobody will change.</summary>
    public static SqliteDatabase OpenAnywhere(string path)
    {
        var database = OpenReader(path);
        try
        {
            database.Execute("SELECT count(*) FROM sqlite_master");
            return database;
        }
        catch (SqliteFailure) when (!File.Exists(path + "-wal"))
        {
            database.Dispose();
            return OpenUnchanging(path);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Runs one or more statements that return nothing of interest.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(connection, sql));

    /// <summary>
    /// The prepared statement of this text, ready to be bound; it is made once and kept with the connection. SQLite
    /// numbers parameters by a question mark; a dollar, which stands for it here as in PostgreSQL, would make names of
    /// them.
    /// </summary>
    public SqliteStatement Statement(string sql)
    {
        if (!statements.TryGetValue(sql, out var statement))
        {
            var text = sql.Replace('$', '?');
            Check(raw.sqlite3_prepare_v3(connection, text, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
            statement = new SqliteStatement(this, handle);
            statements.Add(sql, statement);
        }

        return statement;
    }

    /// <summary>Does the work in a transaction that one writer at a time can hold.</summary>
    public T Transact<T>(Func<SqliteDatabase, T> work)
    {
        Execute("BEGIN IMMEDIATE");
        var result = work(this);
        Execute("COMMIT");
        return result;
    }

    /// <summary>Ends the statement that runs, if one does: the one call that another thread may make.</summary>
    public void Interrupt() => raw.sqlite3_interrupt(connection);

    /// <summary>Ends what a failed piece of work began.</summary>
    public void RollBack()
    {
        try
        {
            if (InTransaction)
            {
                Execute("ROLLBACK");
            }
        }
        catch (SqliteFailure)
        {
            // SQLite rolls back by itself where it must; the next BEGIN fails if it could not.
        }
    }

    public SqliteFailure Failure(int code) => new(code, raw.sqlite3_errmsg(connection).utf8_to_string());

    public void Dispose()
    {
        foreach (var statement in statements.Values)
        {
            statement.Dispose();
        }

        statements.Clear();
        connection.Dispose();
    }

    private static SqliteDatabase Open(string name, int mode, string settings)
    {
        var code = raw.sqlite3_open_v2(name, out var connection, mode | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new SqliteDatabase(connection);
        try
        {
            database.Check(code);
            raw.sqlite3_extended_result_codes(connection, 1);
            raw.sqlite3_busy_timeout(connection, BusyMilliseconds);
            database.Execute(settings);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw Failure(code);
        }
    }
}
