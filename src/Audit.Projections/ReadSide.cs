using Audit.Projections.Feeding;
using Audit.Projections.Postgres;
using Audit.Projections.Queries;
using Audit.Projections.Search;
using Audit.Projections.Sqlite;
using Audit.Projections.TimeTravel;
using Audit.Storage.Schemas;

namespace Audit.Projections;

/// <summary>
/// All that reads the journal for people: the read models and what feeds them, time travel, and the rebuild.
/// </summary>
public sealed class ReadSide : IAsyncDisposable
{
    private readonly IReadStore store;
    private readonly IJournal journal;
    private readonly Projection projection;
    private readonly ModelsRebuild rebuild;

    private ReadSide(
        IReadStore store, Projection projection, SearchIndex search, IJournal journal,
        ReadSideOptions options)
    {
        this.store = store;
        this.journal = journal;
        Search = search;
        Models = new ReadModels(store);
        TimeTravel = new PastModels(store, journal);
        this.projection = projection;
        rebuild = new ModelsRebuild(store, journal, options.Limits);
    }

    /// <summary>All of them; what a reader gets is of <see cref="For"/>.</summary>
    public ReadModels Models { get; }

    public PastModels TimeTravel { get; }

    /// <summary>The text index, which lags behind the read models and never holds them up.</summary>
    public SearchIndex Search { get; }

    public ProjectionStatus Status => projection.Status;

    /// <summary>The same for who may see a part of the book only.</summary>
    public ScopedReads For(ReadScope scope) => new(
        scope, new ReadModels(store, scope), new PastModels(store, journal, scope), Search);

    /// <summary>Opens the read models of a store and begins to feed them.</summary>
    /// <param name="address">
    /// The address of the journal's store: they lie beside it, or in a schema of its database.
    /// </param>
    /// <exception cref="ReadModelsException">They cannot be opened.</exception>
    public static async Task<ReadSide> OpenAsync(
        string address, IJournal journal, ReadSideOptions options, CancellationToken cancellation)
    {
        var store = StoreOf(address, ReadStoreKind.Models, options.Failures);
        Projection? projection = null;
        try
        {
            await store.MakeTablesAsync(cancellation);
            projection = new Projection(store, journal, options);
            var search = await SearchIndex.OpenAsync(
                StoreOf(
                    address, ReadStoreKind.Search, options.Failures), IndexReaderOf(address), store, journal, options,
                () => IsBehindAsync(projection, journal), cancellation);
            return new ReadSide(store, projection, search, journal, options);
        }
        catch
        {
            await (projection?.DisposeAsync() ?? ValueTask.CompletedTask);
            await store.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the read models have everything up to a position.</summary>
    /// <exception cref="ReadModelsException">The projection has halted before it.</exception>
    public Task WaitForAsync(long position, CancellationToken cancellation) =>
        projection.WaitForAsync(position, cancellation);

    /// <summary>
    /// Waits a little for what the journal has by now, so that whoever wrote something and then asks for it finds it.
    /// </summary>
    public async Task CatchUpAsync(TimeSpan longest, CancellationToken cancellation) =>
        await projection.CatchUpAsync(await journal.LastPositionAsync(cancellation), longest, cancellation);

    /// <summary>
    /// Passes over the event that halted the projection, for good. The operator's command is to be in the journal
    /// before.
    /// </summary>
    /// <exception cref="ReadModelsException">
    /// The projection is not halted at that position by an event that cannot be read.
    /// </exception>
    public async Task SkipAsync(long position, string reason, CancellationToken cancellation)
    {
        var row = await store.ReadAsync(session => OffsetRow.ReadAsync(session, cancellation), cancellation);
        if (row.HaltedAt != position || row.Offset.Position == position)
        {
            throw new ReadModelsException(row.HaltedAt is { } halted && halted != row.Offset.Position
                ? $"The projection is halted at position {halted}, not at {position}."
                : $"The projection is not halted by an event at position {position}.");
        }

        await store.ExecuteAsync(
            "INSERT INTO skipped (position, reason) VALUES ($1, $2) ON CONFLICT (position) DO NOTHING",
            [position, reason.Replace('\0', ' ')],
            cancellation);
        projection.Nudge();
    }

    /// <summary>Builds the read models anew beside the live ones, which go on being read, and swaps the two.</summary>
    /// <exception cref="ReadModelsException">Somebody is rebuilding already.</exception>
    /// <exception cref="PoisonException">An event cannot be read and was not skipped; the live ones stay.</exception>
    public async Task RebuildAsync(IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        await rebuild.RunAsync(progress, cancellation);
        projection.Nudge();
    }

    /// <summary>Which versions read models and text index have.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    public static async Task<IReadOnlyList<SchemaState>> LookAtSchemasAsync(
        string address, CancellationToken cancellation)
    {
        var found = new List<SchemaState>();
        var store = StoreAddress.Parse(address);
        foreach (var kind in new[] { ReadStoreKind.Models, ReadStoreKind.Search })
        {
            found.Add(store.IsSqlite
                ? await kind.SqliteScripts.LookAsync(
                    kind.What, $"sqlite:{SqliteReadStore.PathBeside(store.Place, kind)}", "version", isMadeAnew: true,
                    cancellation)
                : await kind.PostgresScripts.LookAsync(
                    kind.What, address, $"{kind.Schema}.version", isMadeAnew: true, cancellation));
        }

        return found;
    }

    /// <summary>
    /// Makes read models and text index anew where rows are gone, and remembers nothing of those before, which may
    /// stand where they do. It has haste with what is halted alone: nobody gets anything new of that before.
    /// </summary>
    /// <exception cref="ReadModelsException">Somebody who has haste is rebuilding them.</exception>
    public async Task ForgetAsync(CancellationToken cancellation)
    {
        if (Search.Status.State == ProjectionState.Halted)
        {
            await Search.RebuildAsync(null, cancellation);
            await ForgetModelsAsync(cancellation);
            return;
        }

        await ForgetModelsAsync(cancellation);
        await Search.RebuildAsync(null, cancellation, isUnhurried: Search.Status.State != ProjectionState.Halted);
    }

    private async Task ForgetModelsAsync(CancellationToken cancellation)
    {
        await rebuild.RunAsync(null, cancellation, isUnhurried: Status.State != ProjectionState.Halted);
        projection.Nudge();
        projection.BeginAgain();
    }

    /// <summary>
    /// Whether the read models and the text index stand at rows that the journal has still, as they were.
    /// </summary>
    public async Task<ReadsLost> FindLostAsync(CancellationToken cancellation) => new(
        await projection.FindLostAsync(journal, cancellation),
        await Search.FindLostAsync(cancellation));

    public async ValueTask DisposeAsync()
    {
        await Search.DisposeAsync();
        await projection.DisposeAsync();
        await store.DisposeAsync();
    }

    private static async ValueTask<bool> IsBehindAsync(Projection projection, IJournal journal) =>
        projection.Status is { State: ProjectionState.Projecting } own
        && own.Position < await journal.LastPositionAsync(CancellationToken.None);

    internal static IReadStore StoreOf(string address, ReadStoreKind? kind = null, FailureLog? failures = null)
    {
        kind ??= ReadStoreKind.Models;
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? new SqliteReadStore(
                SqliteReadStore.PathBeside(store.Place, kind), kind, failures ?? FailureLog.None)
            : new PostgresReadStore(store.Place, kind);
    }

    private static IIndexReader IndexReaderOf(string address) =>
        StoreAddress.Parse(address).IsSqlite ? new SqliteIndexReader() : new PostgresIndexReader();
}

/// <summary>Positions of rows that were read and are gone, or are other ones; null where all is well.</summary>
public sealed record ReadsLost(long? Models, long? Search);

/// <summary>What one reader can ask.</summary>
public sealed record ScopedReads(ReadScope Scope, ReadModels Models, PastModels TimeTravel, SearchIndex Search);
