using SQLitePCL;

namespace Audit.Load.Floors;

/// <summary>A connection by SQLite's own interface, with the settings of the store's writer.</summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly List<sqlite3_stmt> statements = [];
    private readonly sqlite3 connection;

    public SqliteFile(string path, int busyMilliseconds = 60_000)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX;
        Check(raw.sqlite3_open_v2(path, out connection, flags, null));
        raw.sqlite3_busy_timeout(connection, busyMilliseconds);
        Execute(SqliteStore.WriterSettings);
    }

    public void Execute(string sql) => Check(raw.sqlite3_exec(connection, sql));

    public sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v3(connection, sql, raw.SQLITE_PREPARE_PERSISTENT, out var statement));
        statements.Add(statement);
        return statement;
    }

    /// <summary>Runs an insert to its end.</summary>
    public void Run(sqlite3_stmt statement)
    {
        var code = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement);
        Check(code == raw.SQLITE_DONE ? raw.SQLITE_OK : code);
    }

    public void Dispose()
    {
        statements.ForEach(statement => statement.Dispose());
        connection.Dispose();
    }

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
        {
            throw new InvalidOperationException($"SQLite error {code}: {raw.sqlite3_errmsg(connection).utf8_to_string()}");
        }
    }
}
