using Audit.Journal.Postgres;
using Audit.Journal.Sqlite;

namespace Audit.Journal;

/// <summary>Opens a store by its address: `sqlite:PATH` or `postgres:CONNECTION STRING`.</summary>
public static class AuditStore
{
    /// <exception cref="StoreException">The store cannot be opened; the message says why and what is accepted.</exception>
    public static Task<IAuditStore> OpenAsync(string address, CancellationToken cancellation) =>
        address.Split(':', 2) switch
        {
            ["sqlite", { Length: > 0 } path] => SqliteStore.OpenAsync(path, cancellation),
            ["postgres", { Length: > 0 } connection] => PostgresStore.OpenAsync(connection, cancellation),
            // The address may hold a password, so it is not repeated.
            _ => throw new StoreException(
                "The store's address is not understood; accepted are sqlite:PATH and postgres:CONNECTION STRING."),
        };
}
