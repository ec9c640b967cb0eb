using Audit.Integrity.Entries;
using Audit.Integrity.Witnesses;

namespace Audit.Integrity.Sealing;

/// <summary>
/// Seals the journal while this node has the log's key, remembers the log, and no other node seals. It may be started
/// on every node of a store.
/// </summary>
public sealed class LogSealer : IAsyncDisposable
{
    private readonly SemaphoreSlim resting = new(1);
    private readonly string address;
    private readonly IJournal journal;
    private readonly LogStore store;
    private readonly LogHeads heads;
    private readonly ILogKeyring keys;
    private readonly EntryKeys entries;
    private readonly SealerOptions options;
    private readonly LocalCheckpoint file;
    private readonly Vouching vouching;
    private readonly WitnessFeed witnesses;
    private readonly LogOperations operations;
    private readonly SigningKeys signing;
    private readonly RowLook look;
    private CancellationTokenSource stop = new();
    private Task work = Task.CompletedTask;
    private volatile SealerStatus status = new(SealerState.Stopped);
    private volatile Scrub? scrub;

    internal LogSealer(
        string address, IJournal journal, LogStore store, LogHeads heads, ILogKeyring keys, EntryKeys entries,
        SealerOptions options)
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
        this.entries = entries;
        this.options = options;
        file = new LocalCheckpoint(options.CheckpointFile);
        vouching = new Vouching(store);
        witnesses = new WitnessFeed(store, options.Witnesses, options.Clock, options.Failures);
        operations = new LogOperations(address, store, heads, keys, entries, options, journal);
        look = new RowLook(address, store, entries);
        signing = new SigningKeys(keys, options);
    }

    public SealerStatus Status => status;

    /// <summary>
    /// Up to which position the scrub has come, and when it last was through; null where it does not run.
    /// </summary>
    public (long Position, DateTimeOffset? EndedAt)? Scrubbed =>
        scrub is { } running ? (running.Position, running.EndedAt) : null;

    /// <summary>How the witnesses do, as far as this node asked them.</summary>
    public IReadOnlyList<WitnessStatus> Witnesses => witnesses.Statuses;

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
    /// <param name="by">The name of the person who stands for it.</param>
    /// <param name="origin">The new log's name; null makes one from the old.</param>
    /// <param name="record">Writes the operator's event that names the old log's last checkpoint: a row of the new
    /// log.</param>
    /// <exception cref="SealingRefusedException">There is no log, or another node is sealing it.</exception>
    public Task<LogRecord> RestartAsync(
        string reason, string by, string? origin, Func<LogRestart, CancellationToken, Task> record,
        CancellationToken cancellation)
    {
        if (string.IsNullOrWhiteSpace(reason) || string.IsNullOrWhiteSpace(by))
        {
            throw new SealingRefusedException("A new log wants a reason, and the name of who gives it.");
        }

        if (origin is not null && !KeyName.IsValid(origin))
        {
            throw new SealingRefusedException(
                $"The origin \"{origin}\" is not accepted; accepted are {KeyName.Accepted}.");
        }

        return RestingAsync(
            () => operations.RestartAsync(reason, by, origin, record, cancellation), cancellation);
    }

    /// <summary>Puts a new key in the place of the log's: the old one signs it, and both sign for a while.</summary>
    /// <param name="record">Writes the operator's event, a row of the log.</param>
    /// <exception cref="SealingRefusedException">This node may not sign the log now.</exception>
    public Task<LogRecord> RotateAsync(
        string reason, string by, Func<KeyRotation, CancellationToken, Task> record, CancellationToken cancellation) =>
        RestingAsync(() => operations.RotateAsync(reason, by, record, cancellation), cancellation);

    /// <summary>Ends a halt, where the rows are again what was sealed.</summary>
    /// <param name="record">Writes the operator's event.</param>
    /// <exception cref="SealingRefusedException">They are not, or nothing is halted.</exception>
    public Task<LogRecord> ResumeAsync(
        string reason, Func<LogResume, CancellationToken, Task> record, CancellationToken cancellation) =>
        string.IsNullOrWhiteSpace(reason)
            ? throw new SealingRefusedException("The end of a halt wants a reason.")
            : RestingAsync(() => operations.ResumeAsync(reason, record, cancellation), cancellation);

    /// <summary>
    /// Lets go of a log that this node remembers and the store has lost, so that one of another name can begin.
    /// </summary>
    public Task ForgetAsync(CancellationToken cancellation) => operations.ForgetAsync(cancellation);

    /// <summary>Gives this node a memory of the log: a checkpoint that was kept elsewhere.</summary>
    /// <param name="record">Writes the operator's event.</param>
    /// <exception cref="SealingRefusedException">The store's log does not continue the checkpoint.</exception>
    public Task<LogRecord> AdoptAsync(
        SignedCheckpoint given, Func<LogAdoption, CancellationToken, Task> record, CancellationToken cancellation) =>
        RestingAsync(() => operations.AdoptAsync(given, record, cancellation), cancellation);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stop.Dispose();
    }

    private async Task<LogRecord> RestingAsync(Func<Task<LogRecord>> act, CancellationToken cancellation)
    {
        await resting.WaitAsync(cancellation);
        var wasStarted = status.State != SealerState.Stopped;
        try
        {
            await StopAsync();
            return await act();
        }
        finally
        {
            if (wasStarted)
            {
                Start();
            }

            resting.Release();
        }
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
            catch (LogMemoryException failure)
            {
                status = new SealerStatus(SealerState.NoMemory, failure.Message);
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
            logs = await operations.FindOrCreateAsync(session, cancellation);
            if (logs[^1].Halt is { } found)
            {
                return Halted(found);
            }

            return signing.Of(logs[^1]) is { Count: > 0 } signers
                ? await SealAsync(session, logs, signers, cancellation)
                : signing.Lacking(logs[^1]);
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

        if (keys.Find(logs[^1].Key) is null)
        {
            return signing.Lacking(logs[^1]);
        }

        try
        {
            var tree = await TakeOver.RunAsync(store, logs, file, cancellation);
            if (!tree.IsRemembered && await vouching.AskAsync(logs[^1], tree.Newest, cancellation))
            {
                await RememberAsync(tree, cancellation);
            }

            return tree.Ahead is not { } ahead ? new SealerStatus(SealerState.Standby) : new SealerStatus(
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
        LogSession session, IReadOnlyList<LogRecord> logs, IReadOnlyList<ILogSigner> signers,
        CancellationToken cancellation)
    {
        var log = logs[^1];
        string? suspicion = null;
        if (await FindCutAsync(log, cancellation) is { } before)
        {
            return before;
        }

        while (true)
        {
            try
            {
                return await SealOnceAsync(session, logs, signers, cancellation);
            }
            catch (LogHaltedException halted)
            {
                if (await FindCutAsync(log, cancellation) is { } cut)
                {
                    return cut;
                }

                // A halt is for good, so it is looked at again first, over a connection of its own.
                if (halted.Message != suspicion
                    && (halted.Position is not { } position || await look.IsSealedAsync(log, position, cancellation)))
                {
                    suspicion = halted.Message;
                    options.Failures.Report("halt of the log that is looked at again", halted);
                    continue;
                }

                return await HaltAsync(session, log, halted);
            }
            finally
            {
                scrub = null;
            }
        }
    }

    private async Task<SealerStatus> SealOnceAsync(
        LogSession session, IReadOnlyList<LogRecord> logs, IReadOnlyList<ILogSigner> signers,
        CancellationToken cancellation)
    {
        var log = logs[^1];
        var tree = await TakeOver.RunAsync(store, logs, file, cancellation);
        if (!tree.IsRemembered && !await IsVouchedForAsync(log, tree, cancellation))
        {
            return new SealerStatus(
                SealerState.NoMemory,
                $"This node has the key of the log \"{log.Origin}\" and does not remember it: it seals when "
                + "another node, the witnesses or the kept checkpoints vouch for the store's, or after "
                + "\"audit log adopt CHECKPOINT\".");
        }

        if (!tree.IsRemembered)
        {
            await RememberAsync(tree, cancellation);
        }

        await using var asked = new StoreLook(address);
        await using (var rows = await RowSource.OpenAsync(address, cancellation, onlyGiven: true))
        {
            status = new SealerStatus(SealerState.Sealing);
            var run = new SealingRun(
                journal, rows, asked, entries, session, log, signers, file, tree, options,
                stored => heads.Set(new LogHead(log, stored)));
            var reading = scrub = new Scrub(address, log, entries, options);
            await Together.RunAsync(
                cancellation, run.SealAsync, reading.RunAsync,
                stopped => vouching.AnswerAsync(session, log, signers[0], file, options, stopped),
                stopped => witnesses.RunAsync(session, log, stopped),
                stopped => OutletFeed.RunAsync(store, log, options, stopped));
        }
        throw new InvalidOperationException("Sealing does not end by itself.");
    }

    /// <summary>
    /// A journal that lacks the last row that was sealed is looked at again until it has it: every node sees that for
    /// itself, so that nothing need be kept, and a journal that is put back is sealed on.
    /// </summary>
    private async Task<SealerStatus?> FindCutAsync(LogRecord log, CancellationToken cancellation) =>
        await store.ReadLastCheckpointAsync(log.Number, cancellation) is { Size: > 0, LastPosition: var last }
            && await look.LeafAsync(last, cancellation) is null
            ? new SealerStatus(
                SealerState.Halted,
                $"The row at position {last}, the last that was sealed, is not there: the journal was cut off or set "
                + "back. Sealing goes on by itself when it is there again.",
                last)
            : null;

    /// <summary>In the store, so that no other node that knows less signs on.</summary>
    private async Task<SealerStatus> HaltAsync(LogSession session, LogRecord log, LogHaltedException halted)
    {
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

    // Who remembers more than the store has, says so by a halt; here it is only asked whether anybody knows.
    private async Task<bool> IsVouchedForAsync(LogRecord log, SealedTree tree, CancellationToken cancellation) =>
        (options.Outlet is { } outlet && await outlet.FindLastAsync(log.Chain, cancellation) is { } kept
            && await TakeOver.ExtendsAsync(store, log, tree.SignedSize, kept.Checkpoint, cancellation))
        || (tree.Newest is { } newest && await witnesses.VouchesAsync(log, newest, cancellation));

    private async Task RememberAsync(SealedTree tree, CancellationToken cancellation)
    {
        if (tree.Newest is { } newest)
        {
            file.Write(newest);
        }
        else if (keys.Find() is { } signer)
        {
            await file.BeginAsync(signer, cancellation);
        }
    }

    private static SealerStatus Halted(LogHalt halt) => new(SealerState.Halted, halt.Reason, halt.Position);
}
