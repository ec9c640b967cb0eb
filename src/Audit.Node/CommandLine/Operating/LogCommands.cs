using Audit.Node.Hosting;

namespace Audit.Node.CommandLine.Operating;

/// <summary>`audit log …`: by way of the node, or of the store while none runs.</summary>
internal static class LogCommands
{
    public static Command Make(Surroundings surroundings) =>
        new("log", "What is done to the tamper-evident log.")
        {
            MakeRestart(surroundings), MakeRotate(surroundings), MakeSigner(surroundings),
            MakeResume(surroundings), MakeAdopt(surroundings),
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

    private static Command MakeRotate(Surroundings surroundings)
    {
        var command = new Command(
            "rotate-key",
            "Puts a new key in the place of the log's: the old one signs it, and both sign for 30 days. With a "
            + "--log-signer whose key is new, that one; otherwise one is made, and the old one is kept aside.");
        var reason = AddReason(command);
        var symbols = AddPlace(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            var why = RequireReason(parsed.GetRequiredValue(reason));
            var key = await AskAsync(
                symbols.Read(parsed), "rotate-key", new { reason = why },
                (sealer, acts) => sealer.RotateAsync(
                    acts.Redacted(why), OpenedStore.Actor,
                    (rotation, _) => LogEndpoints.WriteRotatedAsync(acts, OpenedStore.Actor, rotation), cancellation),
                cancellation);
            surroundings.Out.WriteLine(key);
            surroundings.Error.WriteLine(
                "This is the log's new verifier key; give it to those who verify and to witnesses within 30 days.");
        });
        return command;
    }

    private static Command MakeSigner(Surroundings surroundings)
    {
        var command = new Command(
            "signer",
            "Signs for a node that has it as --log-signer, as another user or on another machine: it writes its "
            + "verifier key, and for each line, the base64 of a log's own text, a line with the signature.");
        var file = command.AddText("--log-key", "FILE", "the private key", required: true);
        var origin = command.AddText("--origin", "NAME", "makes a key of this name where there is none");
        command.SetAction(async (parsed, cancellation) =>
        {
            var keys = new KeyFile(parsed.GetRequiredValue(file));
            var signer = keys.Find() ?? (RequireOrigin(parsed.GetValue(origin)) is { } name
                ? await keys.CreateAsync(name)
                : throw CommandException.WrongUse($"There is no key {keys.Path}; --origin NAME makes one."));
            using var lines = new StreamReader(surroundings.OpenInput());
            for (var line = signer.Key.ToString(); line is not null;)
            {
                await surroundings.Out.WriteLineAsync(line);
                await surroundings.Out.FlushAsync(cancellation);
                line = await lines.ReadLineAsync(cancellation) is { } asked
                    ? await SignAsync(signer, asked, cancellation)
                    : null;
            }
        });
        return command;
    }

    // Whoever holds the other end gets nothing signed that could pass for the key's word elsewhere.
    private static async Task<string> SignAsync(ILogSigner signer, string line, CancellationToken cancellation)
    {
        var bytes = new byte[line.Length];
        if (!Convert.TryFromBase64String(line, bytes, out var length))
        {
            return "error the line is no base64";
        }

        var text = Encoding.UTF8.GetString(bytes, 0, length);
        return text.StartsWith($"{signer.Key.Name}\n", StringComparison.Ordinal)
            || text.StartsWith("audit log ", StringComparison.Ordinal)
            ? Convert.ToBase64String(await signer.SignAsync(bytes.AsMemory(0, length), cancellation))
            : $"error the text is no checkpoint of the log {signer.Key.Name}, and no note on it";
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
    public static async Task<string> AtStoreAsync(
        BookPlace place, Func<LogSealer, OperatorActs, Task<LogRecord>> act, CancellationToken cancellation,
        bool isRestored = false)
    {
        if (place.LacksStore)
        {
            throw place.NothingThere();
        }

        var options = place.Options;
        DataDirectory.Open(options.Data);
        await using var opened = await OpenedStore.OpenAsync(options, cancellation, isRestored);
        var keys = options.OpenLogKeys();
        using var programs = keys as IDisposable;
        await using var log = await TamperEvidentLog.OpenAsync(
            options.Store, opened.Store.Journal, keys,
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
        new(
            surroundings, command, GivenOptions.Store, GivenOptions.Data, GivenOptions.LogKey, GivenOptions.LogSigner,
            GivenOptions.RowKey);

    public static string RequireReason(string text) =>
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

/// <summary>A store that is worked on while no node runs. What is done is written down all the same.</summary>
internal sealed class OpenedStore : IAsyncDisposable
{
    private readonly LocalEngine engine;

    private OpenedStore(IAuditStore store, LocalEngine engine, Redactor? redactor)
    {
        Store = store;
        this.engine = engine;
        Acts = new OperatorActs(engine, TimeProvider.System, redactor);
    }

    public IAuditStore Store { get; }

    public OperatorActs Acts { get; }

    // There is no token whose name could be taken: whoever may open the store acts as the system knows them.
    public static string Actor => $"{Environment.UserName}@{Environment.MachineName}";

    /// <param name="isRestored">It was put back from a backup and verified, and nobody else opens it yet.</param>
    /// <exception cref="StoreException">The store cannot be opened; a running node may have it.</exception>
    public static async Task<OpenedStore> OpenAsync(
        NodeOptions options, CancellationToken cancellation, bool isRestored = false)
    {
        var store = await AuditStore.OpenAsync(
            options.Store, options.OpenRowKeys, FailureLog.None, cancellation, isRestored);
        try
        {
            var engine = new EngineOptions
            {
                Shards = 1,
                Redactor = options.Redaction is { } rules ? new Redactor(rules, store.Hasher) : null,
            };
            return new OpenedStore(
                store, new LocalEngine(store.Journal, store.Seal, engine, TimeProvider.System), engine.Redactor);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await engine.DisposeAsync();
        await Store.DisposeAsync();
    }
}
