using System.Security.Cryptography;
using Audit.Journal.Sealing;
using Audit.Journal.Sqlite;
using Audit.Journal.Tokens;
using Audit.Storage.Postgres;
using Audit.Storage.Schemas;
using Audit.Storage.Sqlite;

namespace Audit.Journal.Stores;

/// <summary>An opened store of either kind.</summary>
public sealed class AuditStore : IAuditStore
{
    private const string AddSecretSql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    /// <summary>Where the store has its id.</summary>
    public const string StoreId = "store-id";

    /// <summary>Which key file the store is written with, and a value that only that file makes.</summary>
    public const string RowKeyId = "row-key";

    /// <summary>There while a backup is put back, until all of it is done: nobody else opens the store then.</summary>
    public const string BeingRestored = "being-restored";

    /// <summary>There in a book that was made of an archive: where that lies. Nodes take nothing into it.</summary>
    public const string OpenedArchive = "opened-archive";

    // What was ended lies in the table's file still, until it is written anew; only its owner may do that.
    private const string MayRewriteSql =
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'payload_keys'::regclass";

    private const string SecretSql = "SELECT value FROM meta WHERE key = $1";

    private const string States = "states";

    private const string StateSql = "SELECT value, mac FROM states WHERE name = $1";

    private const string KeepStateSql =
        "INSERT INTO states (name, value, mac) VALUES ($1, $2, $3) "
        + "ON CONFLICT (name) DO UPDATE SET value = excluded.value, mac = excluded.mac";

    private readonly IStoreDatabase database;
    private readonly RowProof proof;
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
        proof = new RowProof(keys, failures);
        Tokens = new TokenStore(database, proof, lockSql("tokens"));
        BrowserSessions = new BrowserSessions(database, proof);
        Sources = new Sources(database, proof, lockSql("sources"));
        Keys = keys;
        Seal = new BookSeal(new PayloadKeys(keys, database), new EventProof(keys, id));
        Opened = new OpenedJournal(journal, Seal.Payloads, Seal.Proof);
        Recent = new RecentRows(Seal.Payloads, TimeProvider.System);
        Followed = new OpenedJournal(journal, Seal.Payloads, Seal.Proof, Recent);
        Hasher = new RecordHasher(keys.Derive("fingerprints"));
    }

    public string Kind { get; }

    public bool IsAlone => Kind == "sqlite";

    public string Place { get; }

    public IJournal Journal { get; }

    public IJournal Opened { get; }

    public IJournal Followed { get; }

    public RecentRows Recent { get; }

    public RowKeys Keys { get; }

    public BookSeal Seal { get; }

    public RecordHasher Hasher { get; }

    public ITokenStore Tokens { get; }

    public BrowserSessions BrowserSessions { get; }

    public Sources Sources { get; }

    private KeyEnding Ending => new(database, Keys, isOnServer: use is null);

    public async Task<IReadOnlyList<EndedKey>> EndKeysAsync(
        IReadOnlyDictionary<string, IReadOnlyCollection<string>?> ended, CancellationToken cancellation)
    {
        var now = await Ending.EndAsync(ended, Seal.Payloads.Forget, cancellation);
        await ScrubKeysAsync(cancellation);
        return now;
    }

    public async Task RetireKeysAsync(long disposal, CancellationToken cancellation)
    {
        await Ending.RetireAsync(disposal, Seal.Payloads.Forget, cancellation);
        await ScrubKeysAsync(cancellation);
    }

    /// <summary>What was replaced stands in no file any more, as far as this node may see to that.</summary>
    private async Task ScrubKeysAsync(CancellationToken cancellation)
    {
        if (database is SqliteConnections file)
        {
            await file.WriteAsync(TakeInLog, cancellation);
        }
        else if ((await database.ReadAsync(
            session => session.QueryAsync(MayRewriteSql, [], row => row.Flag(0), cancellation), cancellation)).Single())
        {
            await database.ReadAsync(
                async session =>
                {
                    await session.RunScriptAsync("VACUUM (FULL) payload_keys", cancellation);
                    return true;
                },
                cancellation);
        }
    }

    public Task<IReadOnlyList<EndedKey>> KeysOfAsync(IEnumerable<string> owners, CancellationToken cancellation) =>
        Ending.FindAsync(owners, cancellation);

    public async Task<IReadOnlyList<string>> StreamsOfAsync(string session, CancellationToken cancellation) =>
        await database.ReadAsync(asked => KeyEnding.AllStreamsAsync(asked, session, cancellation), cancellation);

    private bool TakeInLog(SqliteDatabase writer)
    {
        // Who reads for long keeps nobody from writing meanwhile: it is tried again.
        writer.Execute("PRAGMA busy_timeout = 100");
        var isBusy = new SqliteSession(writer)
            .QueryAsync("PRAGMA wal_checkpoint(TRUNCATE)", [], row => row.Number(0) != 0, default)
            .GetAwaiter().GetResult().Single();
        writer.Execute($"PRAGMA busy_timeout = {SqliteDatabase.BusyMilliseconds}");
        // Ended now, a file without its log would look like one that was taken from under the node.
        use!.Begin(writer);
        return isBusy
            ? throw new JournalUnavailableException(
                "Somebody reads the journal for long, so that its write-ahead log, which has the ended key, cannot be "
                + "taken in: it is tried again.",
                null, JournalTrouble.Locked)
            : true;
    }

    public string? OpenedFrom { get; private init; }

    public Task<long?> FindCutAsync(IEnumerable<(string First, string End)> ranges, CancellationToken cancellation) =>
        KeyEnding.FindCutAsync(database, ranges, cancellation);

    public async Task<IReadOnlyList<CutRow>> ReadCutAsync(long disposal, CancellationToken cancellation) =>
        await database.ReadAsync(session => KeyEnding.CutRowsAsync(session, disposal, cancellation), cancellation);

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

    public async Task<byte[]?> FindStateAsync(string name, CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(StateSql, [name], row => (row.Blob(0), row.Blob(1)), cancellation),
            cancellation);
        if (found is not [var (value, mac)])
        {
            return null;
        }

        if (proof.Holds(States, [name, value], mac))
        {
            return value;
        }

        proof.Report(States, name);
        return null;
    }

    public Task KeepStateAsync(string name, byte[] value, CancellationToken cancellation) => database.ChangeAsync(
        session => session.ExecuteAsync(KeepStateSql, [name, value, proof.Of(States, [name, value])], cancellation),
        cancellation);

    public async Task<HeldLock?> TryHoldAsync(AdvisoryLock key, CancellationToken cancellation) =>
        database is PostgresPool server ? await HeldLock.TryTakeAsync(server, key, cancellation) : HeldLock.OfFile;

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
    /// <param name="isRestored">Whoever puts a backup back opens it, as long as nobody else does.</param>
    public static Task<IAuditStore> OpenAsync(
        string address, Func<bool, RowKeys> keys, FailureLog failures, CancellationToken cancellation,
        bool isRestored = false)
    {
        var place = StoreAddress.Parse(address);
        var (store, how) = (place.Place, new StoreOpening(keys, failures, isRestored));
        return place.IsSqlite
            ? SqliteStore.OpenAsync(store, how, cancellation)
            : PostgresStore.OpenAsync(store, how, cancellation);
    }

    /// <inheritdoc cref="SqliteStore.Shrink"/>
    public static (long Before, long After) Shrink(string address) => StoreAddress.Parse(address) switch
    {
        { IsSqlite: true, IsMissing: false } file => SqliteStore.Shrink(Path.GetFullPath(file.Place)),
        { IsSqlite: true } => throw new StoreException($"There is no store {address}."),
        _ => throw new StoreException(
            "A database uses the room of rows that were cut again by itself. What is to be given back, the owner of "
            + "the table gives back while no node runs: VACUUM (FULL) journal."),
    };

    /// <summary>Puts an opened store together; only who has its keys gets it.</summary>
    /// <param name="lockSql">What keeps other nodes from a table until a transaction ends; null where none is.</param>
    /// <param name="sizesSql">Asks a server for the sizes of what it has; null where there is none.</param>
    internal static async Task<IAuditStore> WithKeysAsync(
        string kind, string place, IJournal journal, IStoreDatabase database, Func<string, string?> lockSql,
        string? sizesSql, StoreOpening how, CancellationToken cancellation, FileUse? use = null)
    {
        Task<List<byte[]>> SecretAsync(string name) => database.ReadAsync(
            session => session.QueryAsync(SecretSql, [name], row => row.Blob(0), cancellation), cancellation);

        var known = await SecretAsync(RowKeyId);
        if (!how.IsRestored && (await SecretAsync(BeingRestored)).Count > 0)
        {
            throw new StoreException(
                $"The store {place} is being restored from a backup, or that was broken off, or what came out did not "
                + "verify: run audit restore again.");
        }

        var opened = await SecretAsync(OpenedArchive);
        var given = how.Keys(known.Count == 0);
        var id = await AddSecretAsync(database, StoreId, RandomNumberGenerator.GetBytes(16), cancellation);
        var check = CheckValue(given, id);
        var kept = await AddSecretAsync(database, RowKeyId, check, cancellation);
        return check.AsSpan().SequenceEqual(kept)
            ? new AuditStore(kind, place, journal, database, given, id, how.Failures, lockSql, sizesSql)
            {
                use = use, OpenedFrom = opened is [var from] ? Encoding.UTF8.GetString(from) : null,
            }
            : throw new StoreException(
                $"The store {place} is written with the row key {Encoding.UTF8.GetString(kept).Split(' ')[0]}, and the "
                + $"file has {given.FirstId}: give the file that the store's first node made (--row-key FILE).");
    }

    /// <summary>Which version the tables of a journal have.</summary>
    /// <exception cref="StoreException">It cannot be read.</exception>
    public static Task<SchemaState> LookAtSchemaAsync(string address, CancellationToken cancellation) =>
        (StoreAddress.Parse(address).IsSqlite ? SqliteStore.Scripts : PostgresStore.Scripts).LookAsync(
            "journal", address, "schema_version", isMadeAnew: false, cancellation);

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

/// <summary>How a store is opened.</summary>
/// <param name="Keys">Gives its keys; it is asked with true for a store that has none so far.</param>
/// <param name="IsRestored">Whoever puts a backup back opens it, as long as nobody else does.</param>
internal sealed record StoreOpening(Func<bool, RowKeys> Keys, FailureLog Failures, bool IsRestored);

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

    /// <summary>The same for those who follow it: what this process wrote a moment ago is not read again.</summary>
    IJournal Followed { get; }

    /// <summary>Where an engine puts what it wrote.</summary>
    RecentRows Recent { get; }

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
    /// Ends keys of payloads, and with them the content under them; the events that say so stand in the book before.
    /// </summary>
    /// <param name="ended">Owners of keys, each with its streams whose content is erased; null for all.</param>
    /// <returns>The rows of these owners as they are now.</returns>
    /// <exception cref="JournalUnavailableException">It was not done, or the keys are in files still.</exception>
    Task<IReadOnlyList<EndedKey>> EndKeysAsync(
        IReadOnlyDictionary<string, IReadOnlyCollection<string>?> ended, CancellationToken cancellation);

    /// <summary>The rows of keys of these owners.</summary>
    Task<IReadOnlyList<EndedKey>> KeysOfAsync(IEnumerable<string> owners, CancellationToken cancellation);

    /// <summary>
    /// Ends the keys of sessions of which rows were cut by an event; what goes on of them has others.
    /// </summary>
    Task RetireKeysAsync(long disposal, CancellationToken cancellation);

    /// <summary>
    /// The streams that are sealed under a session's key: its own, and those of its calls; also those that were cut.
    /// </summary>
    Task<IReadOnlyList<string>> StreamsOfAsync(string session, CancellationToken cancellation);

    /// <summary>
    /// What a part of the nodes kept of itself; null where it kept nothing, or somebody else wrote it.
    /// </summary>
    Task<byte[]?> FindStateAsync(string name, CancellationToken cancellation);

    /// <summary>Keeps it in the place of what was kept.</summary>
    Task KeepStateAsync(string name, byte[] value, CancellationToken cancellation);

    /// <summary>Takes what one node at a time may have; null while another has it.</summary>
    Task<HeldLock?> TryHoldAsync(AdvisoryLock key, CancellationToken cancellation);

    /// <summary>The position of the event by which a stream was cut that lies in one of these ranges, if any.</summary>
    Task<long?> FindCutAsync(IEnumerable<(string First, string End)> ranges, CancellationToken cancellation);

    /// <summary>What is left of the rows that were cut by an event, in order of position.</summary>
    Task<IReadOnlyList<CutRow>> ReadCutAsync(long disposal, CancellationToken cancellation);

    /// <summary>The archive that the book was made of, so that it is only read; null for a living one.</summary>
    string? OpenedFrom { get; }

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
