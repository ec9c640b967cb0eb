namespace Audit.Node.Hosting;

/// <summary>A node at work. Disposing of it stops it in good order.</summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly DisposalStack undo;
    private readonly DataDirectory data;
    private readonly IAuditStore store;
    private int stopped;

    internal RunningNode(
        WebApplication web, DisposalStack undo, DataDirectory data, IAuditStore store, IClusterEngine? cluster,
        bool madeFirstToken)
    {
        this.undo = undo;
        this.data = data;
        this.store = store;
        Web = web;
        MadeFirstToken = madeFirstToken;
        Cluster = cluster?.Protection;
        PutDown = cluster?.Ended ?? Task.Delay(Timeout.Infinite, web.Lifetime.ApplicationStopping);
    }

    /// <summary>The addresses as they are bound: a port 0 has become the one that the system chose.</summary>
    public IReadOnlyList<string> Urls => field ??= [.. Web.Urls];

    public string DataPath => data.Path;

    public string TokenFile => data.TokenFile;

    public string StoreKind => store.Kind;

    public string StorePlace => store.Place;

    /// <summary>The store was empty and has got its first token, which lies in <see cref="TokenFile"/>.</summary>
    public bool MadeFirstToken { get; }

    public string RowKeyFile { get; internal init; } = "";

    /// <summary>What is taken out of texts before they are stored, in a few words.</summary>
    public string Redaction { get; internal init; } = "";

    /// <summary>What protects the way to the other nodes; null of a node alone.</summary>
    public string? Cluster { get; }

    /// <summary>Done when the cluster has put the node down; a node alone is never put down.</summary>
    internal Task PutDown { get; }

    internal WebApplication Web { get; }

    internal IServiceProvider Services => Web.Services;

    /// <summary>Its start is written down, and so is its stop to be.</summary>
    internal bool HasStarted { get; set; }

    /// <summary>
    /// Takes nothing new, gives what was taken its receipts, writes down the stop, seals it, and closes the store.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) == 0)
        {
            // What could go on for ever ends now.
            Web.Lifetime.StopApplication();
            await undo.DisposeAsync();
        }
    }
}

/// <summary>Where tests put something else in the place of a part.</summary>
internal sealed record NodeSeams
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>What stands between the endpoints and the engine.</summary>
    public Func<IAuditEngine, IAuditEngine> AroundEngine { get; init; } = engine => engine;

    /// <summary>What the local engine writes through.</summary>
    public Func<IJournal, IJournal> AroundJournal { get; init; } = journal => journal;

    /// <summary>Adds to the parts that the server is given, or breaks.</summary>
    public Action<IServiceCollection> AddParts { get; init; } = _ => { };

    /// <summary>What the store's first token may do.</summary>
    public IReadOnlyList<string> FirstRoles { get; init; } = ["admin"];

    /// <summary>The shortest time between two signatures of the log.</summary>
    public TimeSpan SealInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a node that does not seal waits until it looks again.</summary>
    public TimeSpan SealPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the scrub rests after each batch.</summary>
    public TimeSpan ScrubPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The shortest time between two checkpoints that a witness is sent.</summary>
    public TimeSpan WitnessPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The shortest time between two checkpoints that are kept elsewhere.</summary>
    public TimeSpan OutletPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a key of the log that was taken out of service signs beside the new one.</summary>
    public TimeSpan BothSign { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The time between two looks for sessions that ended.</summary>
    public TimeSpan MarkPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time between two looks at what is remembered of the journal.</summary>
    public TimeSpan SetBackPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often it is looked for alerts, and how long a segment of an export waits for more.</summary>
    public AlertTimes Alerts { get; init; } = AlertTimes.Usual;

    /// <summary>How long receipts are held that were asked for sealed.</summary>
    public TimeSpan SealedPatience { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>What is to be undone, the last first; what cannot be undone keeps nothing before it from being.</summary>
internal sealed class DisposalStack : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> steps = [];

    public T Add<T>(T part) where T : IAsyncDisposable
    {
        Add(part.DisposeAsync);
        return part;
    }

    public void Add(Func<ValueTask> step) => steps.Push(step);

    public async ValueTask DisposeAsync()
    {
        List<Exception> failures = [];
        while (steps.TryPop(out var step))
        {
            try
            {
                await step();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new AggregateException(failures);
        }
    }
}
