using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>An engine, as the node puts it together.</summary>
internal sealed class OpenEngine : IAsyncDisposable
{
    private readonly IAsyncDisposable owned;

    private OpenEngine(
        IAuditEngine engine, IJournal journal, RecordHasher hasher, IAsyncDisposable owned, LoadStore? store = null)
    {
        (Journal, Store) = (journal, store);
        this.owned = owned;
        Reader = new ItemReader(hasher);
        Engine = engine;
    }

    public IJournal Journal { get; }

    /// <summary>Null where its events go nowhere.</summary>
    public LoadStore? Store { get; }

    public ItemReader Reader { get; }

    public IAuditEngine Engine { get; }

    /// <param name="engine">`local` or `akka`.</param>
    public static async Task<OpenEngine> OnAsync(LoadStore store, string engine = "local")
    {
        var opened = await AuditStore.OpenAsync(store.Address, TestKeys.Given, CancellationToken.None);
        return new OpenEngine(
            engine == "akka"
                ? await AkkaParts.StartAsync(store, opened.Journal, opened.Seal)
                : Local(opened.Journal, opened.Seal),
            opened.Opened, opened.Hasher, opened, store);
    }

    /// <summary>The engine alone, its events going nowhere.</summary>
    public static OpenEngine OnNothing()
    {
        var journal = new NowhereJournal();
        return new OpenEngine(Local(journal, TestKeys.Seal), journal, TestKeys.Hasher, journal);
    }

    public Submission Read(in Message message, ItemDefaults defaults)
    {
        var read = Reader.Read(message.Item, defaults);
        return read.Submission ?? throw new InvalidOperationException(read.Error);
    }

    /// <summary>A receipt that is not this one would make every figure worthless.</summary>
    public static void Check(Receipt receipt)
    {
        if (receipt is not { Status: ReceiptStatus.Recorded, Position: > 0 })
        {
            throw new InvalidOperationException($"The workload is to be recorded, and got {receipt}.");
        }
    }

    public static ItemDefaults DefaultsNow() => new("load", "load", Timestamp.From(DateTimeOffset.UtcNow));

    public string Describe(long events)
    {
        var stats = Engine.Stats;
        return $"{events / (double)Math.Max(stats.Commits, 1):0} rows a commit, {stats.Conflicts} conflicts";
    }

    private static LocalEngine Local(IJournal journal, BookSeal seal) =>
        new(journal, seal, new EngineOptions(), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await owned.DisposeAsync();
    }
}
