using Audit.Storage.Sqlite;

namespace Audit.Node.Tests.Trust;

/// <summary>What a database administrator can do to the tokens, who has the database and no key.</summary>
internal static class TokenTable
{
    private const string Fields = "last_used_at, revoked_at, mac";

    public static void Run(string file, string sql)
    {
        using var database = SqliteDatabase.OpenWriter(file);
        database.Execute(sql);
    }

    public static (long? Used, long? Revoked, byte[] Mac) Read(string file, string name)
    {
        using var database = SqliteDatabase.OpenReader(file);
        return new SqliteSession(database).QueryAsync(
            $"SELECT {Fields} FROM tokens WHERE name = $1", [name],
            row => (row.NumberOrNull(0), row.NumberOrNull(1), row.Blob(2)), CancellationToken.None).Result.Single();
    }

    public static void Put(string file, string name, (long? Used, long? Revoked, byte[] Mac) row) => Run(
        file,
        $"UPDATE tokens SET last_used_at = {Number(row.Used)}, revoked_at = {Number(row.Revoked)}, "
        + $"mac = x'{Convert.ToHexString(row.Mac)}' WHERE name = '{name}'");

    private static string Number(long? number) => number?.ToString() ?? "NULL";
}
