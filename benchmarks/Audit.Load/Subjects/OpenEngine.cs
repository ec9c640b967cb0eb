using Audit.Load.Stores;
using Audit.Load.Workloads;

namespace Audit.Load.Subjects;

/// <summary>An engine, as the node puts it together.</summary>
internal sealed class OpenEngine : IAsyncDisposable
{
    private readonly IAsyncDisposable owned;

    private OpenEngine(IAuditEngine engine, IJournal journal, RecordHasher hasher, IAsyncDisposable owned)
    {
        Journal = journal;
        Hasher = hasher;
        this.owned = owned;
        Reader = new ItemReader(hasher);
        Engine = engine;
    }

    public IJournal Journal { get; }

    public RecordHasher Hasher { get; }

    public ItemReader Reader { get; }

    public IAuditEngine Engine { get; }

    /// <param name="engine">`local` or `akka`.</param>
    public static async Task<OpenEngine> OnAsync(LoadStore store, string engine = "local")
    {
        var opened = await AuditStore.OpenAsync(store.Address, CancellationToken.None);
        var hasher = NewHasher();
        return new OpenEngine(
            engine == "akka" ? await AkkaParts.StartAsync(store, opened.Journal, hasher) : Local(opened.Journal, hasher),
            opened.Journal, hasher, opened);
    }

    /// <summary>The engine alone, its events going nowhere.</summary>
    public static OpenEngine OnNothing()
    {
        var journal = new NowhereJournal();
        var hasher = NewHasher();
        return new OpenEngine(Local(journal, hasher), journal, hasher, journal);
    }

    public Submission Read(in Message message, ItemDefaults defaults)
    {
        var read = Reader.Read(message.Item, defaults);
        return read.Submission ?? throw new InvalidOperationException(read.Error);
    }

    /// <summary>A receipt that is not this one would make every figure worthless.</summary>
    public static void Check(Receipt receipt)
    {
        if (receipt is not { Status: ReceiptStatus.Recorded, Position: > 0, Anomalies: Anomalies.None })
        {
            throw new InvalidOperationException($"The workload is to be recorded, and got {receipt}.");
        }
    }

    public static ItemDefaults DefaultsNow() => new("load", Timestamp.From(DateTimeOffset.UtcNow));

    public string Describe(long events)
    {
        var stats = Engine.Stats;
        return $"{events / (double)Math.Max(stats.Commits, 1):0} rows a commit, {stats.Conflicts} conflicts";
    }

    private static RecordHasher NewHasher() => new(new byte[RecordHasher.KeyLength]);

    private static LocalEngine Local(IJournal journal, RecordHasher hasher) =>
        new(journal, hasher, new EngineOptions(), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        await owned.DisposeAsync();
    }
}
