namespace Audit.Journal.Sqlite;

/// <summary>Brings a file to this program's version, in one transaction that only one writer can hold.</summary>
internal static class SqliteSchema
{
    public static void Apply(SqliteDatabase database, string place)
    {
        database.Execute("BEGIN IMMEDIATE");
        database.Execute("""
            CREATE TABLE IF NOT EXISTS schema_version (
                version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)
            """);
        var version = database.Statement("SELECT max(version) FROM schema_version").Number();
        foreach (var script in SchemaScript.After("Sqlite", version, place))
        {
            database.Execute(script.Sql);
            database.Statement("INSERT INTO schema_version VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))")
                .Bind(1, script.Version)
                .Bind(2, script.Name)
                .Run();
        }
        database.Execute("COMMIT");
    }
}
