namespace Audit.Node.Hosting;

/// <summary>A node at work. Disposing of it stops it in good order.</summary>
public sealed class RunningNode : IAsyncDisposable
{
    private readonly WebApplication web;
    private readonly NodeParts parts;
    private readonly DataDirectory data;
    private readonly IDisposable? exporting;
    private readonly CancellationTokenSource stopping;
    private int stopped;

    internal RunningNode(
        WebApplication web, NodeParts parts, DataDirectory data, IDisposable? exporting, CancellationTokenSource stopping,
        bool madeFirstToken)
    {
        this.web = web;
        this.parts = parts;
        this.data = data;
        this.exporting = exporting;
        this.stopping = stopping;
        MadeFirstToken = madeFirstToken;
        PutDown = parts.Cluster?.Ended ?? Task.Delay(Timeout.Infinite, stopping.Token);
        Urls = [.. web.Urls];
    }

    /// <summary>The addresses as they are bound: a port 0 has become the one that the system chose.</summary>
    public IReadOnlyList<string> Urls { get; }

    public string DataPath => data.Path;

    public string TokenFile => data.TokenFile;

    public string StoreKind => parts.Store.Kind;

    public string StorePlace => parts.Store.Place;

    /// <summary>The store was empty and has got its first token, which lies in <see cref="TokenFile"/>.</summary>
    public bool MadeFirstToken { get; }

    /// <summary>Done when the cluster has put the node down; a node alone is never put down.</summary>
    internal Task PutDown { get; }

    internal NodeParts Parts => parts;

    internal IServiceProvider Services => web.Services;

    /// <summary>
    /// Takes nothing new, gives what was taken its receipts, writes down the stop, seals it, and closes the store.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref stopped, 1) != 0)
        {
            return;
        }

        await stopping.CancelAsync();
        if (parts.Cluster is { } cluster)
        {
            // While its streams move to the other nodes, the server still tells those who come to try again.
            await parts.Diary.DisposeAsync();
            await WriteStoppedAsync();
            await cluster.LeaveAsync();
            await StopServingAsync();
        }
        else
        {
            await StopServingAsync();
            await parts.Diary.DisposeAsync();
            await WriteStoppedAsync();
        }

        await parts.Engine.DisposeAsync();
        await parts.Log.FinishAsync();
        await parts.Log.DisposeAsync();
        await parts.Reads.DisposeAsync();
        await parts.Store.DisposeAsync();
        data.RemoveNodeFile();
        exporting?.Dispose();
        await web.DisposeAsync();
        parts.Dispose();
        stopping.Dispose();
    }

    internal Task WriteStartedAsync() => NodeActs.WriteStartedAsync(parts, Urls);

    private async Task StopServingAsync()
    {
        try
        {
            await web.StopAsync();
        }
        catch (Exception failure) when (failure is OperationCanceledException or AggregateException)
        {
            parts.LogUnexpected(failure, "Some requests did not end in time and were cut.");
        }
    }

    private async Task WriteStoppedAsync()
    {
        try
        {
            await NodeActs.WriteStoppedAsync(parts);
        }
        catch (Exception failure) when (failure is JournalUnavailableException or EngineStoppedException)
        {
            parts.LogUnexpected(failure, "The stop could not be written down.");
        }
    }
}
