using Audit.Journal.Tokens;

namespace Audit.Journal.Stores;

/// <summary>An opened store of either kind.</summary>
public sealed class AuditStore : IAuditStore
{
    private const string AddSecretSql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    private const string SecretSql = "SELECT value FROM meta WHERE key = $1";

    private readonly IStoreDatabase database;

    internal AuditStore(string kind, string place, IJournal journal, IStoreDatabase database, ITokenStore tokens)
    {
        this.database = database;
        Kind = kind;
        Place = place;
        Journal = journal;
        Tokens = tokens;
    }

    public string Kind { get; }

    public string Place { get; }

    public IJournal Journal { get; }

    public ITokenStore Tokens { get; }

    /// <summary>Opens a store by its address.</summary>
    /// <exception cref="StoreException">
    /// The store cannot be opened; the message says why and what is accepted.
    /// </exception>
    public static Task<IAuditStore> OpenAsync(string address, CancellationToken cancellation) =>
        OpenAsync(address, FailureLog.None, cancellation);

    /// <inheritdoc cref="OpenAsync(string, CancellationToken)"/>
    /// <param name="failures">Where what fails out of every caller's hearing is reported.</param>
    public static Task<IAuditStore> OpenAsync(string address, FailureLog failures, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteStore.OpenAsync(store.Place, failures, cancellation)
            : PostgresStore.OpenAsync(store.Place, failures, cancellation);
    }

    public Task<byte[]> SecretAsync(string name, ReadOnlyMemory<byte> ifAbsent, CancellationToken cancellation) =>
        database.ChangeAsync(
            async session =>
            {
                await session.ExecuteAsync(AddSecretSql, [name, ifAbsent.ToArray()], cancellation);
                var found = await session.QueryAsync(SecretSql, [name], row => row.Blob(0), cancellation);
                return found.Single();
            },
            cancellation);

    public ValueTask DisposeAsync() => Journal.DisposeAsync();
}
