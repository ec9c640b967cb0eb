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
