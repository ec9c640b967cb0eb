using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit log …`: by way of the node, or of the store while none runs.</summary>
internal static class LogCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("log", "What is done to the tamper-evident log.")
        {
            MakeRestart(surroundings), MakeResume(surroundings), MakeAdopt(surroundings),
        };

    private static Command MakeRestart(Surroundings surroundings)
    {
        var command = new Command(
            "restart",
            "Ends the log and starts a new one, after a backup was restored or a key must not sign any more.");
        var reason = AddReason(command);
        var origin = command.AddText(
            "--origin", "NAME", "the new log's name; default: the old one with a number behind");
        var symbols = AddPlace(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var (why, name) = (RequireReason(parsed.GetRequiredValue(reason)), RequireOrigin(parsed.GetValue(origin)));
            var key = await AskAsync(
                symbols.Read(parsed), "restart", new { reason = why, origin = name },
                (sealer, acts) => sealer.RestartAsync(
                    acts.Redacted(why), OpenedStore.Actor, name,
                    (restart, _) => LogEndpoints.WriteRestartedAsync(acts, OpenedStore.Actor, restart), cancellation),
                cancellation);
            surroundings.Out.WriteLine(key);
            surroundings.Error.WriteLine("This is the verifier key of the new log; give it to those who verify.");
        });
        return command;
    }

    private static Command MakeResume(Surroundings surroundings)
    {
        var command = new Command(
            "resume", "Ends a halt of the log, where the rows are again what was sealed: they are verified first.");
        var reason = AddReason(command);
        var symbols = AddPlace(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var why = RequireReason(parsed.GetRequiredValue(reason));
            await AskAsync(
                symbols.Read(parsed), "resume", new { reason = why },
                (sealer, acts) => sealer.ResumeAsync(
                    acts.Redacted(why),
                    (resume, _) => LogEndpoints.WriteResumedAsync(acts, OpenedStore.Actor, resume), cancellation),
                cancellation);
            surroundings.Out.WriteLine("The halt is ended, and the log is sealed again.");
        });
        return command;
    }

    private static Command MakeAdopt(Surroundings surroundings)
    {
        var command = new Command(
            "adopt",
            "Gives a node that lost its memory of the log a checkpoint that was kept elsewhere; the store's log must "
            + "continue it.");
        var file = command.AddName("checkpoint", "a file with the checkpoint");
        var symbols = AddPlace(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var given = ReadCheckpoint(parsed.GetRequiredValue(file));
            await AskAsync(
                symbols.Read(parsed), "adopt", new { checkpoint = given.ToString() },
                (sealer, acts) => sealer.AdoptAsync(
                    given, (adoption, _) => LogEndpoints.WriteAdoptedAsync(acts, OpenedStore.Actor, adoption),
                    cancellation),
                cancellation);
            surroundings.Out.WriteLine("The node remembers the log, and seals again.");
        });
        return command;
    }

    /// <returns>The verifier key of the log that is sealed then.</returns>
    private static async Task<string> AskAsync<TBody>(
        BookPlace place, string act, TBody body, Func<LogSealer, OperatorActs, Task<LogRecord>> atStore,
        CancellationToken cancellation)
    {
        using var node = await place.TryFindNodeAsync(cancellation);
        if (node is null)
        {
            return await AtStoreAsync(place, atStore, cancellation);
        }

        var log = await node.PostAsync($"v1/log/{act}", body, WireJson.Default.LogAnswer, cancellation);
        return log.Key;
    }

    /// <summary>Acts on a store on which no node runs, and seals what there is.</summary>
    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    private static async Task<string> AtStoreAsync(
        BookPlace place, Func<LogSealer, OperatorActs, Task<LogRecord>> act, CancellationToken cancellation)
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
            await StoreMeta.EntryKeysAsync(options.Store, opened.Store.Keys, cancellation),
            new SealerOptions { CheckpointFile = options.CheckpointFile }, cancellation);
        try
        {
            var record = await act(log.Sealer, opened.Acts);
            await SealAsync(log.Sealer, await opened.Store.Journal.LastPositionAsync(cancellation), cancellation);
            return record.Key.ToString();
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
                throw CommandException.Failed($"It was done, and the log is not sealed yet: {sealer.Status.Reason}");
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

    private static Option<string> AddReason(Command command) =>
        command.AddText("--reason", "TEXT", "why; it stays in the journal and in the log", required: true);

    private static PlaceSymbols AddPlace(Surroundings surroundings, Command command) =>
        new(surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey, GivenOptions.RowKey);

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

    private static SignedCheckpoint ReadCheckpoint(string path)
    {
        try
        {
            return SignedCheckpoint.Parse(File.ReadAllBytes(path));
        }
        catch (Exception failure) when (failure
            is NoteFormatException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw CommandException.WrongUse($"The checkpoint \"{path}\" is not accepted: {failure.Message}");
        }
    }
}
