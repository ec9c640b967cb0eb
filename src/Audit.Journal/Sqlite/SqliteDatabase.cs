using SQLitePCL;

namespace Audit.Journal.Sqlite;

/// <summary>
/// One connection by SQLite's own interface, used by one thread at a time: on the hot path an ADO.NET command costs
/// more than the insert itself.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private const int BusyMilliseconds = 10_000;

    private readonly Dictionary<string, SqliteStatement> statements = [];
    private readonly sqlite3 connection;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 connection) => this.connection = connection;

    public static SqliteDatabase OpenWriter(string path) => Open(path, raw.SQLITE_OPEN_READWRITE);

    public static SqliteDatabase OpenReader(string path) => Open(path, raw.SQLITE_OPEN_READONLY);

    public bool InTransaction => raw.sqlite3_get_autocommit(connection) == 0;

    public long LastInsertedRow => raw.sqlite3_last_insert_rowid(connection);

    public int Changes => raw.sqlite3_changes(connection);

    /// <summary>Runs one or more statements that return nothing of interest.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(connection, sql));

    /// <summary>The prepared statement of this text, ready to be bound; it is made once and kept with the connection.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
            statement = new SqliteStatement(this, handle);
            statements.Add(sql, statement);
        }
        return statement;
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

    private static SqliteDatabase Open(string path, int mode)
    {
        var code = raw.sqlite3_open_v2(path, out var connection, mode | raw.SQLITE_OPEN_NOMUTEX, null);
        var database = new SqliteDatabase(connection);
        try
        {
            database.Check(code);
            raw.sqlite3_extended_result_codes(connection, 1);
            raw.sqlite3_busy_timeout(connection, BusyMilliseconds);
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
