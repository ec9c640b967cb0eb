namespace Audit.Integrity.Rows;

/// <summary>Opens the rows of a store for reading only, beside a node or without one.</summary>
internal static class RowSource
{
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<IRowSource> OpenAsync(string address, CancellationToken cancellation) =>
        address.Split(':', 2) switch
        {
            ["sqlite", { Length: > 0 } path] => SqliteRowSource.Open(Path.GetFullPath(path)),
            ["postgres", { Length: > 0 } connection] =>
                await PostgresRowSource.OpenAsync(connection, cancellation),
            _ => throw new StoreException(
                "The store's address is not known; accepted are sqlite:PATH and postgres:CONNECTION STRING."),
        };
}
