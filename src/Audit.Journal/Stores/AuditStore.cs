using Audit.Journal.Tokens;

namespace Audit.Journal.Stores;

/// <summary>An opened store of either kind.</summary>
public sealed class AuditStore : IAuditStore
{
    private const string AddSecretSql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    private const string SecretSql = "SELECT value FROM meta WHERE key = $1";

    private readonly IStoreDatabase database;

    /// <param name="lockSql">What keeps other nodes from a table until a transaction ends; null where none is.</param>
    internal AuditStore(
        string kind, string place, IJournal journal, IStoreDatabase database, RowProof proof,
        Func<string, string?> lockSql)
    {
        this.database = database;
        Kind = kind;
        Place = place;
        Journal = journal;
        Tokens = new TokenStore(database, proof, lockSql("tokens"));
        BrowserSessions = new BrowserSessions(database, proof);
        Sources = new Sources(database, proof, lockSql("sources"));
    }

    public string Kind { get; }

    public string Place { get; }

    public IJournal Journal { get; }

    public ITokenStore Tokens { get; }

    public BrowserSessions BrowserSessions { get; }

    public Sources Sources { get; }

    /// <summary>Opens a store by its address.</summary>
    /// <exception cref="StoreException">
    /// The store cannot be opened; the message says why and what is accepted.
    /// </exception>
    public static Task<IAuditStore> OpenAsync(string address, CancellationToken cancellation) =>
        OpenAsync(address, FailureLog.None, cancellation);

    /// <inheritdoc cref="OpenAsync(string, CancellationToken)"/>
    /// <param name="failures">Where what fails out of every caller's hearing is reported.</param>
    public static Task<IAuditStore> OpenAsync(string address, FailureLog failures, CancellationToken cancellation) =>
        OpenAsync(address, failures, mac: null, cancellation);

    /// <inheritdoc cref="OpenAsync(string, CancellationToken)"/>
    /// <param name="failures">Where what fails out of every caller's hearing is reported.</param>
    /// <param name="mac">Proves the rows of tokens, browser sessions and sources.</param>
    public static Task<IAuditStore> OpenAsync(
        string address, FailureLog failures, IRowMac? mac, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteStore.OpenAsync(store.Place, failures, new RowProof(mac, failures), cancellation)
            : PostgresStore.OpenAsync(store.Place, failures, new RowProof(mac, failures), cancellation);
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
