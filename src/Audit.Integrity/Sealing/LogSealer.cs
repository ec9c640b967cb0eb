using System.Security.Cryptography;

namespace Audit.Integrity.Sealing;

/// <summary>
/// Seals the journal while this node has the log's key and no other node seals. It may be started on every node of a
/// store.
/// </summary>
public sealed class LogSealer : IAsyncDisposable
{
    private const string OriginPrefix = "audit.local/";
    private const int OriginBytes = 8;

    private readonly SemaphoreSlim restarting = new(1);
    private readonly string address;
    private readonly IJournal journal;
    private readonly LogStore store;
    private readonly LogHeads heads;
    private readonly ILogKeyring keys;
    private readonly SealerOptions options;
    private readonly LocalCheckpoint file;
    private CancellationTokenSource stop = new();
    private Task work = Task.CompletedTask;
    private volatile SealerStatus status = new(SealerState.Stopped);

    internal LogSealer(
        string address, IJournal journal, LogStore store, LogHeads heads, ILogKeyring keys, SealerOptions options)
    {
        if (options.Origin is { } origin && !KeyName.IsValid(origin))
        {
            throw new NoteFormatException(
                $"The log's origin \"{origin}\" is not accepted; accepted are {KeyName.Accepted}.");
        }

        this.address = address;
        this.journal = journal;
        this.store = store;
        this.heads = heads;
        this.keys = keys;
        this.options = options;
        file = new LocalCheckpoint(options.CheckpointFile);
    }

    public SealerStatus Status => status;

    /// <summary>Begins to seal, or to stand by.</summary>
    public void Start()
    {
        if (!work.IsCompleted)
        {
            return;
        }

        stop = new CancellationTokenSource();
        status = new SealerStatus(SealerState.Starting);
        work = Task.Run(() => WorkAsync(stop.Token));
    }

    /// <summary>Waits until a checkpoint covers a position, whichever node signs it.</summary>
    /// <returns>False when the log is halted and will not come to it.</returns>
    public Task<bool> WaitForSealedAsync(long position, CancellationToken cancellation) =>
        heads.WaitAsync(position, cancellation);

    /// <summary>
    /// Ends the log and starts a new one over all rows that there are, with a new name and a new key.
    /// </summary>
    /// <param name="reason">Why, in words that stay.</param>
    /// <param name="origin">The new log's name; null makes one from the old.</param>
    /// <param name="record">Writes the operator's event that names the old log's last checkpoint: a row of the new
    /// log.</param>
    /// <exception cref="SealingRefusedException">There is no log, or another node is sealing it.</exception>
    public async Task<LogRecord> RestartAsync(
        string reason, string? origin, Func<LogRestart, CancellationToken, Task> record, CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new SealingRefusedException("A new log wants a reason.");
        }

        if (origin is not null && !KeyName.IsValid(origin))
        {
            throw new SealingRefusedException(
                $"The origin \"{origin}\" is not accepted; accepted are {KeyName.Accepted}.");
        }

        await restarting.WaitAsync(cancellation);
        var wasStarted = status.State != SealerState.Stopped;
        try
        {
            await StopAsync();
            return await BeginAnewAsync(reason, origin, record, cancellation);
        }
        finally
        {
            if (wasStarted)
            {
                Start();
            }

            restarting.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    private async Task StopAsync()
    {
        await stop.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        status = new SealerStatus(SealerState.Stopped);
    }

    private async Task WorkAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                status = await HoldAsync(cancellation);
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (LogKeyException failure)
            {
                options.Failures.Report("log key", failure);
                status = new SealerStatus(SealerState.NoKey, failure.Message);
            }
            catch (Exception failure)
            {
                // Whatever it was, nothing wrong was signed; it is shown, and tried again from what is stored.
                options.Failures.Report("log sealer", failure);
                status = new SealerStatus(SealerState.Waiting, failure.Message);
            }
            await Task.Delay(options.Patience, options.Clock, cancellation)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Seals until that ends, and returns why this node does not seal.</summary>
    private async Task<SealerStatus> HoldAsync(CancellationToken cancellation)
    {
        var logs = await store.ReadLogsAsync(cancellation);
        if (logs.Count > 0 && logs[^1].Halt is { } halt)
        {
            return Halted(halt);
        }

        var session = await store.TryBeginSealingAsync(cancellation);
        if (session is null)
        {
            return await WatchAsync(logs, cancellation);
        }

        await using (session)
        {
            logs = await FindOrCreateAsync(session, cancellation);
            if (logs[^1].Halt is { } found)
            {
                return Halted(found);
            }

            var signer = keys.Find();
            if (signer?.Key != logs[^1].Key)
            {
                return new SealerStatus(
                    SealerState.NoKey, $"This node does not have the key of the log \"{logs[^1].Origin}\".");
            }

            return await SealAsync(session, logs, signer, cancellation);
        }
    }

    // A node that stands by remembers what the other one signs, so that a store that is set back while nobody else
    // remembers is not signed on.
    private async Task<SealerStatus> WatchAsync(IReadOnlyList<LogRecord> logs, CancellationToken cancellation)
    {
        if (logs.Count == 0)
        {
            return new SealerStatus(SealerState.Standby);
        }

        try
        {
            var tree = await TakeOver.RunAsync(store, logs, file, cancellation);
            return tree.Ahead is not { } ahead
                ? new SealerStatus(SealerState.Standby)
                : new SealerStatus(
                    SealerState.Halted,
                    $"The store's checkpoint is of {tree.SignedSize} entries, and this node saw one of {ahead.Size}: "
                    + "the store was set back.");
        }
        catch (LogHaltedException halted)
        {
            return new SealerStatus(SealerState.Halted, halted.Message, halted.Position);
        }
    }

    private async Task<SealerStatus> SealAsync(
        LogSession session, IReadOnlyList<LogRecord> logs, ILogSigner signer, CancellationToken cancellation)
    {
        var log = logs[^1];
        try
        {
            var tree = await TakeOver.RunAsync(store, logs, file, cancellation);
            await using (var rows = await RowSource.OpenAsync(address, cancellation))
            {
                status = new SealerStatus(SealerState.Sealing);
                var run = new SealingRun(
                    journal, rows, session, log, signer, file, tree, options,
                    stored => heads.Set(new LogHead(log, stored)));
                await run.SealAsync(cancellation);
            }
            throw new InvalidOperationException("Sealing does not end by itself.");
        }
        catch (LogHaltedException halted)
        {
            // In the store, so that no other node that knows less signs on.
            var halt = new LogHalt(halted.Message, halted.Position, options.Clock.GetUtcNow());
            // Stored before it is shown, also by a node that is stopping: whoever has seen it finds it in the store.
            try
            {
                await session.HaltAsync(log.Number, halt, CancellationToken.None);
            }
            finally
            {
                status = Halted(halt);
            }

            return status;
        }
    }

    private async Task<IReadOnlyList<LogRecord>> FindOrCreateAsync(LogSession session, CancellationToken cancellation)
    {
        var logs = await store.ReadLogsAsync(cancellation);
        if (logs.Count > 0)
        {
            return logs;
        }

        var signer = keys.Find() ?? keys.Create(options.Origin ?? MakeUpOrigin());
        await session.CreateLogAsync(
            new LogRecord(1, signer.Key.Name, signer.Key, options.Clock.GetUtcNow()), cancellation);
        return await store.ReadLogsAsync(cancellation);
    }

    private async Task<LogRecord> BeginAnewAsync(
        string reason, string? origin, Func<LogRestart, CancellationToken, Task> record, CancellationToken cancellation)
    {
        await using var session = await store.TryBeginSealingAsync(cancellation)
            ?? throw new SealingRefusedException("Another node is sealing the log; ask that node, or stop it first.");
        var logs = await store.ReadLogsAsync(cancellation);
        if (logs.Count == 0)
        {
            throw new SealingRefusedException("There is no log yet that could be ended.");
        }

        var old = logs[^1];
        var name = origin ?? NextOrigin(old.Origin);
        if (logs.Any(log => log.Origin == name))
        {
            throw new SealingRefusedException(
                $"There was a log \"{name}\" already; the new one needs a name of its own.");
        }

        var last = await LastSignedAsync(old, cancellation);
        await record(new LogRestart(old.Origin, last, name, reason), cancellation);
        var begun = new LogRecord(old.Number + 1, name, keys.Create(name).Key, options.Clock.GetUtcNow())
        {
            Reason = reason,
            Previous = last?.ToString(),
        };
        await session.CreateLogAsync(begun, cancellation);
        file.KeepAside(old.Number);
        heads.Set(new LogHead(begun, null));
        return begun;
    }

    /// <summary>The larger of what the store and this node's file have signed by the log's key.</summary>
    private async Task<SignedCheckpoint?> LastSignedAsync(LogRecord log, CancellationToken cancellation)
    {
        var stored = await store.ReadLastCheckpointAsync(log.Number, cancellation);
        SignedCheckpoint?[] known =
        [
            Readable(() => stored is null ? null : SignedCheckpoint.Parse(stored.Note)), Readable(file.Read),
        ];
        return known.Where(checkpoint => checkpoint?.IsSignedBy(log.Key) == true)
            .MaxBy(checkpoint => checkpoint!.Checkpoint.Size);
    }

    private static SignedCheckpoint? Readable(Func<SignedCheckpoint?> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is NoteFormatException or LogHaltedException)
        {
            return null;
        }
    }

    private static SealerStatus Halted(LogHalt halt) => new(SealerState.Halted, halt.Reason, halt.Position);

    private static string MakeUpOrigin() =>
        OriginPrefix + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(OriginBytes));

    /// <summary>`name-2` after `name`, `name-3` after `name-2`.</summary>
    private static string NextOrigin(string origin)
    {
        var dash = origin.LastIndexOf('-');
        return dash > 0
            && int.TryParse(origin.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number is > 1 and < 1_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{origin[..dash]}-{number + 1}")
            : origin + "-2";
    }
}
