using System.Security.Cryptography;
using Audit.Journal.Sealing;
using Audit.Journal.Sqlite;
using Audit.Journal.Tokens;

namespace Audit.Journal.Stores;

/// <summary>An opened store of either kind.</summary>
public sealed class AuditStore : IAuditStore
{
    private const string AddSecretSql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    /// <summary>Where the store has its id.</summary>
    public const string StoreId = "store-id";

    /// <summary>Which key file the store is written with, and a value that only that file makes.</summary>
    public const string RowKeyId = "row-key";

    /// <summary>There while a backup is put back and is not verified yet: nobody opens the store then.</summary>
    public const string BeingRestored = "being-restored";

    // Where nodes may not change the table, the owner's function does it, and asks for the event.
    private const string EndOnServerSql = "SELECT journal_end_key($1)",
        EndInFileSql = "UPDATE payload_keys SET wrapped = NULL WHERE owner = $1";

    private const string SecretSql = "SELECT value FROM meta WHERE key = $1";

    private readonly IStoreDatabase database;
    private readonly string? sizesSql;
    private FileUse? use;

    private AuditStore(
        string kind, string place, IJournal journal, IStoreDatabase database, RowKeys keys, byte[] id,
        FailureLog failures, Func<string, string?> lockSql, string? sizesSql)
    {
        (this.database, this.sizesSql) = (database, sizesSql);
        Kind = kind;
        Place = place;
        Journal = journal;
        var proof = new RowProof(keys, failures);
        Tokens = new TokenStore(database, proof, lockSql("tokens"));
        BrowserSessions = new BrowserSessions(database, proof);
        Sources = new Sources(database, proof, lockSql("sources"));
        Keys = keys;
        Seal = new BookSeal(new PayloadKeys(keys, database), new EventProof(keys, id));
        Opened = new OpenedJournal(journal, Seal.Payloads, Seal.Proof);
        Hasher = new RecordHasher(keys.Derive("fingerprints"));
    }

    public string Kind { get; }

    public bool IsAlone => Kind == "sqlite";

    public string Place { get; }

    public IJournal Journal { get; }

    public IJournal Opened { get; }

    public RowKeys Keys { get; }

    public BookSeal Seal { get; }

    public RecordHasher Hasher { get; }

    public ITokenStore Tokens { get; }

    public BrowserSessions BrowserSessions { get; }

    public Sources Sources { get; }

    public async Task EndKeyAsync(string owner, CancellationToken cancellation)
    {
        await database.ChangeAsync(
            session => session.ExecuteAsync(use is null ? EndOnServerSql : EndInFileSql, [owner], cancellation),
            cancellation);
        if (database is SqliteConnections file)
        {
            await file.WriteAsync(
                writer =>
                {
                    writer.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
                    // Ended now, a file without its log would look like one that was taken from under the node.
                    use!.Begin(writer);
                    return true;
                },
                cancellation);
        }

        Seal.Payloads.Forget();
    }

    public bool IsTorn => use?.IsTorn == true;

    public Task AcceptTornAsync(CancellationToken cancellation) => use is { IsTorn: true } torn
        ? ((SqliteConnections)database).WriteAsync(
            file =>
            {
                torn.Accept(file);
                return true;
            },
            cancellation)
        : Task.CompletedTask;

    public async Task<(long Journal, long WriteAhead)?> SizesAsync(CancellationToken cancellation) =>
        sizesSql is null ? null : (await database.ReadAsync(
            session => session.QueryAsync(sizesSql, [], row => (row.Number(0), row.Number(1)), cancellation),
            cancellation)).Single();

    /// <summary>Opens a store by its address.</summary>
    /// <param name="keys">
    /// Gives the keys of the store; it is asked with true for a store that has none so far.
    /// </param>
    /// <exception cref="StoreException">
    /// The store cannot be opened; the message says why and what is accepted.
    /// </exception>
    public static Task<IAuditStore> OpenAsync(
        string address, Func<bool, RowKeys> keys, CancellationToken cancellation) =>
        OpenAsync(address, keys, FailureLog.None, cancellation);

    /// <inheritdoc cref="OpenAsync(string, Func{bool, RowKeys}, CancellationToken)"/>
    /// <param name="failures">Where failures are reported that no caller receives.</param>
    public static Task<IAuditStore> OpenAsync(
        string address, Func<bool, RowKeys> keys, FailureLog failures, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteStore.OpenAsync(store.Place, keys, failures, cancellation)
            : PostgresStore.OpenAsync(store.Place, keys, failures, cancellation);
    }

    /// <summary>Puts an opened store together; only who has its keys gets it.</summary>
    /// <param name="lockSql">What keeps other nodes from a table until a transaction ends; null where none is.</param>
    /// <param name="sizesSql">Asks a server for the sizes of what it has; null where there is none.</param>
    internal static async Task<IAuditStore> WithKeysAsync(
        string kind, string place, IJournal journal, IStoreDatabase database, Func<string, string?> lockSql,
        string? sizesSql, Func<bool, RowKeys> keys, FailureLog failures, CancellationToken cancellation,
        FileUse? use = null)
    {
        var known = await database.ReadAsync(
            session => session.QueryAsync(SecretSql, [RowKeyId], row => row.Blob(0), cancellation), cancellation);
        if ((await database.ReadAsync(
            session => session.QueryAsync(SecretSql, [BeingRestored], row => row.Blob(0), cancellation),
            cancellation)).Count > 0)
        {
            throw new StoreException(
                $"The store {place} is being restored from a backup, or that was broken off, or what came out did not "
                + "verify: run audit restore again.");
        }

        var given = keys(known.Count == 0);
        var id = await AddSecretAsync(database, StoreId, RandomNumberGenerator.GetBytes(16), cancellation);
        var check = CheckValue(given, id);
        var kept = await AddSecretAsync(database, RowKeyId, check, cancellation);
        return check.AsSpan().SequenceEqual(kept)
            ? new AuditStore(kind, place, journal, database, given, id, failures, lockSql, sizesSql) { use = use }
            : throw new StoreException(
                $"The store {place} is written with the row key {Encoding.UTF8.GetString(kept).Split(' ')[0]}, and the "
                + $"file has {given.FirstId}: give the file that the store's first node made (--row-key FILE).");
    }

    /// <summary>Whether a journal's file that nobody has open was taken from under a node.</summary>
    public static bool LooksTorn(string path) => FileUse.Of(path).IsTorn;

    /// <summary>What a store has of its row keys: their first id, and a value that only they make of its own.</summary>
    public static byte[] CheckValue(RowKeys keys, byte[] id) => Encoding.UTF8.GetBytes(
        $"{keys.FirstId} {Convert.ToHexStringLower(HMACSHA256.HashData(keys.Derive("check"), id))}");

    public ValueTask DisposeAsync() => Journal.DisposeAsync();

    /// <summary>The value of that name, as whoever asked first gave it.</summary>
    private static Task<byte[]> AddSecretAsync(
        IStoreDatabase database, string name, byte[] ifAbsent, CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            await session.ExecuteAsync(AddSecretSql, [name, ifAbsent], cancellation);
            var found = await session.QueryAsync(SecretSql, [name], row => row.Blob(0), cancellation);
            return found.Single();
        },
        cancellation);
}

/// <summary>An opened store: the journal and the few things beside it that all nodes share.</summary>
public interface IAuditStore : IAsyncDisposable
{
    /// <summary>The kind of store, `sqlite` or `postgres`.</summary>
    string Kind { get; }

    /// <summary>Whether nobody else writes it: who opens a file holds it.</summary>
    bool IsAlone { get; }

    /// <summary>Where the store is, without any password, for a person to read.</summary>
    string Place { get; }

    /// <summary>The journal as it lies in the store, payloads sealed: for who writes it and who proves it.</summary>
    IJournal Journal { get; }

    /// <summary>The same journal with its payloads opened.</summary>
    IJournal Opened { get; }

    /// <summary>The keys that are not in the database.</summary>
    RowKeys Keys { get; }

    /// <summary>What makes events into rows of this store.</summary>
    BookSeal Seal { get; }

    /// <summary>The keyed hash by which this store knows records and values again.</summary>
    RecordHasher Hasher { get; }

    ITokenStore Tokens { get; }

    BrowserSessions BrowserSessions { get; }

    Sources Sources { get; }

    /// <summary>
    /// Ends a key of payloads, and with it the content under it; the event that says so stands in the book before.
    /// </summary>
    Task EndKeyAsync(string owner, CancellationToken cancellation);

    /// <summary>
    /// Whether the journal's file was taken from under a node, so that what was acknowledged last may not be in it.
    /// </summary>
    bool IsTorn { get; }

    /// <summary>Goes on with such a file, on the word of a person.</summary>
    Task AcceptTornAsync(CancellationToken cancellation);

    /// <summary>
    /// How large the journal is on a server, and what a server that crashed now would have to play back of its
    /// write-ahead log; null where the journal is a file.
    /// </summary>
    Task<(long Journal, long WriteAhead)?> SizesAsync(CancellationToken cancellation);
}
