using Audit.Storage.Postgres;
using Audit.Storage.Sqlite;

namespace Audit.Storage.Schemas;

/// <summary>The version of some tables, and the one that this program makes of them.</summary>
/// <param name="Found">0 where nobody made them yet.</param>
/// <param name="Missing">The scripts that would be run.</param>
/// <param name="IsMadeAnew">What is of another version is thrown away, and made again from the rows.</param>
public sealed record SchemaState(
    string What, long Found, int Known, IReadOnlyList<string> Missing, bool IsMadeAnew)
{
    /// <summary>A newer program made them, and this one does not open them.</summary>
    public bool IsRefused => Found > Known && !IsMadeAnew;

    public bool IsChanged => !IsRefused && Found != Known;
}

/// <summary>Looks at the versions of tables, in either database.</summary>
public static class SchemaLook
{
    /// <summary>Looks at tables that these made, or others did, and changes nothing.</summary>
    /// <param name="what">Whose they are.</param>
    /// <param name="address">Of the database in which they lie.</param>
    /// <param name="table">Of versions.</param>
    /// <param name="isMadeAnew">What is of another version is thrown away, and made again from the rows.</param>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public static async Task<SchemaState> LookAsync(
        this SchemaScripts scripts, string what, string address, string table, bool isMadeAnew, CancellationToken cancellation)
    {
        var place = StoreAddress.Parse(address);
        if (place.IsMissing)
        {
            return new SchemaState(what, 0, scripts.Version, scripts.NamesAfter(0), isMadeAnew);
        }

        long found;
        if (place.IsSqlite)
        {
            await using var file = new SqliteReaders(
                () => SqliteDatabase.OpenAnywhere(Path.GetFullPath(place.Place)),
                failure => new StoreException(
                    $"The {what} in {place.Place} cannot be read: {failure.Reason}.", failure));
            found = await file.RunAsync(database => FindAsync(new SqliteSession(database), table, true), cancellation);
        }
        else
        {
            await using var pool = new PostgresPool(place.Place, new PostgresUse("", (where, failure) =>
                new StoreException($"The {what} in PostgreSQL at {where} cannot be read: {failure.Message}", failure)));
            found = await pool.ReadAsync(session => FindAsync(session, table, false), cancellation);
        }

        return new SchemaState(what, found, scripts.Version, scripts.NamesAfter(found), isMadeAnew);
    }

    private static async Task<long> FindAsync(IStoreSession session, string table, bool isFile)
    {
        var there = isFile ? $"SELECT count(*) > 0 FROM sqlite_master WHERE name = '{table}'"
            : $"SELECT to_regclass('{table}') IS NOT NULL";
        return (await session.QueryAsync(there, [], row => row.Flag(0), default))[0]
            ? (await session.QueryAsync(
                $"SELECT coalesce(max(version), 0) FROM {table}", [], row => row.Number(0), default))[0]
            : 0;
    }
}
