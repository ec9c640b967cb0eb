using Audit.Node.Configuration;
using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Log;

/// <summary>Starts a new log in a store on which no node runs, and seals what there is.</summary>
internal static class StoreLogRestart
{
    private const string Sqlite = "sqlite:";

    // There is no token whose name could be taken: whoever may open the store acts as the system knows them.
    private static string Actor => $"{Environment.UserName}@{Environment.MachineName}";

    /// <returns>The new log's verifier key.</returns>
    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    public static async Task<string> RunAsync(
        NodeOptions options, string reason, string? origin, CancellationToken cancellation)
    {
        if (options.Store.StartsWith(Sqlite, StringComparison.Ordinal) && !File.Exists(options.Store[Sqlite.Length..]))
        {
            throw CommandException.Failed($"There is no store {options.Store}, and no node runs on {options.Data}.");
        }

        DataDirectory.Open(options.Data);
        await using var store = await AuditStore.OpenAsync(options.Store, cancellation);
        var hasher = await NodeHost.HasherAsync(store, cancellation);
        await using var engine = new LocalEngine(store.Journal, hasher, new EngineOptions { Shards = 1 }, TimeProvider.System);
        var acts = new OperatorActs(engine, TimeProvider.System);
        await using var log = await TamperEvidentLog.OpenAsync(
            options.Store, store.Journal, new KeyFile(options.LogKeyFile),
            new SealerOptions { CheckpointFile = options.CheckpointFile }, cancellation);
        var key = await RestartAsync(log.Sealer, acts, reason, origin, cancellation);
        var last = await store.Journal.LastPositionAsync(cancellation);
        await SealAsync(log.Sealer, last, cancellation);
        return key;
    }

    // Otherwise verification would find rows and no checkpoint until a node starts.
    private static async Task SealAsync(LogSealer sealer, long last, CancellationToken cancellation)
    {
        sealer.Start();
        while (!await IsSealedSoonAsync(sealer, last, cancellation))
        {
            if (sealer.Status.State is not (SealerState.Starting or SealerState.Sealing))
            {
                throw CommandException.Failed($"The new log was started and is not sealed yet: {sealer.Status.Reason}");
            }
        }
    }

    private static async Task<bool> IsSealedSoonAsync(LogSealer sealer, long last, CancellationToken cancellation)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        soon.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            return await sealer.WaitForSealedAsync(last, soon.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<string> RestartAsync(
        LogSealer sealer, OperatorActs acts, string reason, string? origin, CancellationToken cancellation)
    {
        try
        {
            var begun = await sealer.RestartAsync(
                reason, origin, (restart, _) => LogActs.WriteRestartedAsync(acts, Actor, restart), cancellation);
            return begun.Key.ToString();
        }
        catch (Exception refused) when (refused is SealingRefusedException or LogKeyException)
        {
            throw CommandException.Failed(refused.Message);
        }
    }
}
