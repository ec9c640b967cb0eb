using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit log restart`: by way of the node, or of the store while none runs.</summary>
internal static class LogCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("log", "What is done to the tamper-evident log.") { MakeRestart(surroundings) };

    private static Command MakeRestart(Surroundings surroundings)
    {
        var command = new Command(
            "restart",
            "Ends the log and starts a new one, after a backup was restored or a key must not sign any more.");
        var reason = command.AddText("--reason", "TEXT", "why; it stays in the journal and in the log", required: true);
        var origin = command.AddText(
            "--origin", "NAME", "the new log's name; default: the old one with a number behind");
        var symbols = new PlaceSymbols(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey, GivenOptions.RowKey);
        command.SetAction(async (parsed, cancellation) =>
        {
            var place = symbols.Read(parsed);
            var (why, name) = (RequireReason(parsed.GetRequiredValue(reason)), RequireOrigin(parsed.GetValue(origin)));
            using var node = await place.TryFindNodeAsync(cancellation);
            surroundings.Out.WriteLine(node is null
                ? await RestartAsync(place, why, name, cancellation)
                : await RestartAsync(node, why, name, cancellation));
            surroundings.Error.WriteLine("This is the verifier key of the new log; give it to those who verify.");
        });
        return command;
    }

    /// <returns>The new log's verifier key.</returns>
    private static async Task<string> RestartAsync(
        NodeClient node, string reason, string? origin, CancellationToken cancellation)
    {
        var log = await node.PostAsync(
            "v1/log/restart", new { reason, origin }, WireJson.Default.LogAnswer, cancellation);
        return log.Key;
    }

    /// <summary>Starts a new log in a store on which no node runs, and seals what there is.</summary>
    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    private static async Task<string> RestartAsync(
        BookPlace place, string reason, string? origin, CancellationToken cancellation)
    {
        if (place.LacksStore)
        {
            throw place.NothingThere();
        }

        var options = place.Options;
        DataDirectory.Open(options.Data);
        await using var opened = await OpenedStore.OpenAsync(options, cancellation);
        await using var log = await TamperEvidentLog.OpenAsync(
            options.Store, opened.Store.Journal, new KeyFile(options.LogKeyFile),
            new SealerOptions { CheckpointFile = options.CheckpointFile }, cancellation);
        try
        {
            var begun = await log.Sealer.RestartAsync(
                reason, origin,
                (restart, _) => LogEndpoints.WriteRestartedAsync(
                    opened.Acts, OpenedStore.Actor, restart), cancellation);
            await SealAsync(log.Sealer, await opened.Store.Journal.LastPositionAsync(cancellation), cancellation);
            return begun.Key.ToString();
        }
        catch (Exception refused) when (refused is SealingRefusedException or LogKeyException)
        {
            throw CommandException.Failed(refused.Message);
        }
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

    private static string RequireReason(string text) =>
        string.IsNullOrWhiteSpace(text) || text.Length > LogEndpoints.LongestReason
            ? throw CommandException.WrongUse(
                $"--reason \"{text}\" is not accepted; accepted is a sentence of at most "
                + $"{LogEndpoints.LongestReason} characters.")
            : text;

    private static string? RequireOrigin(string? name) =>
        name is null || KeyName.IsValid(name)
            ? name
            : throw CommandException.WrongUse($"--origin \"{name}\" is not accepted; accepted are {KeyName.Accepted}.");
}
