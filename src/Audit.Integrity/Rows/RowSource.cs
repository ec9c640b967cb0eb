namespace Audit.Integrity.Rows;

/// <summary>Opens the rows of a store for reading only, beside a node or without one.</summary>
internal static class RowSource
{
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<IRowSource> OpenAsync(string address, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteRowSource.Open(Path.GetFullPath(store.Place))
            : await PostgresRowSource.OpenAsync(store.Place, cancellation);
    }
}
