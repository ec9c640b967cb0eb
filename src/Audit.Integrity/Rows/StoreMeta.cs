using Audit.Integrity.Entries;

namespace Audit.Integrity.Rows;

/// <summary>Reads what a store says of itself, beside a node or without one.</summary>
public static class StoreMeta
{
    private const string Sql = "SELECT value FROM meta WHERE key = $1";

    /// <summary>What the entries of a store are made with.</summary>
    /// <exception cref="StoreException">The store cannot be read, or it was not written with these keys.</exception>
    public static async Task<EntryKeys> EntryKeysAsync(string address, RowKeys keys, CancellationToken cancellation)
    {
        var id = await FindAsync(address, AuditStore.StoreId, cancellation);
        var check = await FindAsync(address, AuditStore.RowKeyId, cancellation);
        if (id is null || check is null || !AuditStore.CheckValue(keys, id).AsSpan().SequenceEqual(check))
        {
            throw new StoreException(
                $"The store was not written with the row key {keys.FirstId}: give the file that its first node made "
                + "(--row-key FILE).");
        }

        return new EntryKeys(keys.Derive("streams"), new EventProof(keys, id).Proves);
    }

    private static async Task<byte[]?> FindAsync(string address, string key, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        if (store.IsSqlite)
        {
            using var database = SqliteDatabase.OpenAnywhere(Path.GetFullPath(store.Place));
            return await OneAsync(new SqliteSession(database), key, cancellation);
        }

        var use = new PostgresUse("", (_, failure) => failure);
        await using var pool = new PostgresPool(store.Place, use);
        return await pool.ReadAsync(session => OneAsync(session, key, cancellation), cancellation);
    }

    private static async Task<byte[]?> OneAsync(IStoreSession session, string key, CancellationToken cancellation) =>
        (await session.QueryAsync(Sql, [key], row => row.Blob(0), cancellation)).SingleOrDefault();
}
