using Audit.Integrity.Entries;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Sealing;

/// <summary>What an operator does to the log while this node's sealer rests.</summary>
internal sealed class LogOperations(
    string address, LogStore store, LogHeads heads, ILogKeyring keys, EntryKeys entries, SealerOptions options,
    IJournal journal)
{
    private const string LostLog =
        "Put the store and the log's database back, or begin a log of another name with \"audit log restart "
        + "--reason\", which stays in the book.";

    private const int MostSentences = 20;
    private const int RowsAtOnce = 500, MostLookedAt = 20_000, BytesAtOnce = 1 << 22;

    private readonly LocalCheckpoint file = new(options.CheckpointFile);

    public async Task<LogRecord> RestartAsync(
        string reason, string by, string? origin, Func<LogRestart, CancellationToken, Task> record,
        CancellationToken cancellation)
    {
        await using var session = await BeginAsync(cancellation);
        var logs = await store.ReadLogsAsync(cancellation);
        if (logs.Count == 0 && await WasBegunAsync(cancellation))
        {
            // Nobody knows the key of the old one; its place is taken all the same, and shown for ever.
            var made = await keys.CreateAsync(origin);
            return await TakePlaceAsync(
                session,
                new LogRestart(
                    2, "(lost)", made.Key, null, made.Key.Name, reason, by,
                    "the log over these rows was lost, and what it sealed is not known"),
                record, cancellation);
        }

        var old = Last(logs);
        var name = origin ?? NextOrigin(old.Origin);
        if (logs.Any(log => log.Origin == name))
        {
            throw new SealingRefusedException(
                $"There was a log \"{name}\" already; the new one needs a name of its own.");
        }

        var last = await LastSignedAsync(old, cancellation);
        // Whatever is wrong with the old log stays known: nobody makes it well by beginning anew.
        var verdict = Sentences(await VerifyAsync(old, cancellation));
        return await TakePlaceAsync(
            session, new LogRestart(old.Number + 1, old.Origin, old.Key, last, name, reason, by, verdict), record,
            cancellation);
    }

    public async Task<LogRecord> ResumeAsync(
        string reason, Func<LogResume, CancellationToken, Task> record, CancellationToken cancellation)
    {
        await using var session = await BeginAsync(cancellation);
        var log = Last(await store.ReadLogsAsync(cancellation));
        if (log.Halt is not { } halt)
        {
            throw new SealingRefusedException(
                $"The log \"{log.Origin}\" is not halted for good. Where the journal lacks its last rows, sealing goes on "
                + "by itself when they are back.");
        }

        var verdict = await VerifyAsync(log, cancellation);
        if (Contradictions(verdict).FirstOrDefault() is { } fault)
        {
            throw new SealingRefusedException(
                $"The log stays halted, for its rows are not what was sealed: {fault.Sentence}");
        }

        await record(new LogResume(log.Origin, halt, verdict.Size, reason), cancellation);
        await session.ResumeAsync(log.Number, cancellation);
        var resumed = log with { Halt = null };
        heads.Set(new LogHead(resumed, await store.ReadLastCheckpointAsync(log.Number, cancellation)));
        return resumed;
    }

    public async Task<LogRecord> AdoptAsync(
        SignedCheckpoint given, Func<LogAdoption, CancellationToken, Task> record, CancellationToken cancellation)
    {
        await using var session = await BeginAsync(cancellation);
        var log = Last(await store.ReadLogsAsync(cancellation));
        if (!log.Chain.Signed(given))
        {
            throw new SealingRefusedException(
                $"The checkpoint is not signed by the key of the log \"{log.Origin}\", {log.Key}.");
        }

        var stored = await store.ReadLastCheckpointAsync(log.Number, cancellation);
        if (!await TakeOver.ExtendsAsync(store, log, stored?.Size ?? 0, given.Checkpoint, cancellation))
        {
            throw new SealingRefusedException(
                $"The store's log of {stored?.Size ?? 0} entries does not continue the checkpoint of "
                + $"{given.Checkpoint.Size} entries: the store was set back, or it is another history.");
        }

        await record(new LogAdoption(log.Origin, given, stored?.Size ?? 0), cancellation);
        file.Write(stored is null ? given : SignedCheckpoint.Parse(stored.Note));
        return log;
    }

    public async Task<LogRecord> RotateAsync(
        string reason, string by, Func<KeyRotation, CancellationToken, Task> record, CancellationToken cancellation)
    {
        await using var session = await BeginAsync(cancellation);
        var logs = await store.ReadLogsAsync(cancellation);
        var log = Last(logs);
        var tree = await TakeWholeAsync(logs, cancellation);
        var old = keys.Find(log.Key)
            ?? throw new SealingRefusedException(
                $"This node does not have the key {log.Key} of the log, which has to sign the new one.");
        var next = keys.Next(old.Key);
        if (next.Key.Name != log.Origin || log.Chain.Keys.Contains(next.Key))
        {
            throw new SealingRefusedException(
                $"The key {next.Key} cannot take the place of {log.Key}: a new one of the name \"{log.Origin}\" is "
                + "expected.");
        }

        // Up to there the old key may have signed alone.
        var size = Math.Max(tree.SignedSize, tree.Ahead?.Size ?? 0);
        var rotation = new KeyRotation(
            log.Origin, log.Chain.Rotations.Count + 1, old.Key, next.Key, size, options.Clock.GetUtcNow(), reason, by);
        var note = await rotation.SignAsync(old, next, cancellation);
        var rotated = log.WithKeys([.. log.Chain.Notes, note.ToString()]);
        if (rotated.Key != next.Key)
        {
            throw new SealingRefusedException(
                rotated.Chain.Broken ?? "A signer gave a signature that its key does not accept.");
        }

        await record(rotation, cancellation);
        await session.PutKeysAsync(log.Number, rotated.Chain.Notes, cancellation);
        keys.Keep(next);
        heads.Set(new LogHead(rotated, await store.ReadLastCheckpointAsync(log.Number, cancellation)));
        return rotated;
    }

    /// <summary>What is sealed, where this node remembers it and nothing contradicts it.</summary>
    private async Task<SealedTree> TakeWholeAsync(IReadOnlyList<LogRecord> logs, CancellationToken cancellation)
    {
        try
        {
            if (logs[^1].Halt is { } halt)
            {
                throw new LogHaltedException(halt.Reason);
            }

            var tree = await TakeOver.RunAsync(store, logs, file, cancellation);
            return tree.IsRemembered
                ? tree
                : throw new LogMemoryException("this node does not remember the log.");
        }
        catch (Exception failure) when (failure is LogHaltedException or LogMemoryException)
        {
            throw new SealingRefusedException($"The log's key stays: {failure.Message}");
        }
    }

    public async Task ForgetAsync(CancellationToken cancellation)
    {
        if ((await store.ReadLogsAsync(cancellation)).Count > 0 || Readable(file.Read) is not { } known)
        {
            return;
        }

        file.KeepAside(0);
        if (keys.Find() is not null)
        {
            await keys.CreateAsync(
                NextOrigin(known.Checkpoint.Origin), made => file.BeginAsync(made, cancellation));
        }
    }

    private async Task<LogSession> BeginAsync(CancellationToken cancellation) =>
        await store.TryBeginSealingAsync(cancellation)
            ?? throw new SealingRefusedException("Another node is sealing the log; ask that node, or stop it first.");

    private async Task<LogRecord> TakePlaceAsync(
        LogSession session, LogRestart restart, Func<LogRestart, CancellationToken, Task> record,
        CancellationToken cancellation)
    {
        await record(restart, cancellation);
        var signer = await keys.CreateAsync(restart.NewOrigin);
        var note = await restart.SignAsync(signer, cancellation);
        var begun = new LogRecord(restart.Number, restart.NewOrigin, signer.Key, options.Clock.GetUtcNow())
            .WithRestart(note.ToString());
        await session.CreateLogAsync(begun, cancellation);
        file.KeepAside(restart.Number - 1);
        await file.BeginAsync(signer, cancellation);
        heads.Set(new LogHead(begun, null));
        return begun;
    }

    /// <summary>The logs of the store, of which the first is begun where there is none.</summary>
    /// <exception cref="LogMemoryException">There was one before, and nobody gave a reason for another.</exception>
    public async Task<IReadOnlyList<LogRecord>> FindOrCreateAsync(
        LogSession session, CancellationToken cancellation)
    {
        var logs = await store.ReadLogsAsync(cancellation);
        if (logs.Count > 0)
        {
            return logs;
        }

        var known = file.Read();
        var signer = keys.Find();
        // A key was made for a log: that the store has none says that it is another store, or one that was emptied. Who
        // remembers what was signed may make the log again, for it must come to the same root.
        if (signer is null ? known is { Checkpoint.Size: > 0 } : known?.IsSignedBy(signer.Key) != true)
        {
            throw new LogMemoryException(
                $"This node has the key or a checkpoint of the log \"{signer?.Key.Name ?? known!.Checkpoint.Origin}\", "
                + $"and the store has no log: it is another store, or it was set back. {LostLog}");
        }

        if (signer is null && await WasBegunAsync(cancellation))
        {
            throw new LogMemoryException(
                "A node ran over this journal and was stopped, and the store has no log and this node knows of none: it "
                + $"was lost, or taken away. {LostLog}");
        }

        // First the memory: a key without one would be of a log that was forgotten.
        signer ??= await keys.CreateAsync(
            options.Origin, made => file.BeginAsync(made, cancellation));
        await session.CreateLogAsync(
            new LogRecord(1, signer.Key.Name, signer.Key, options.Clock.GetUtcNow()), cancellation);
        return await store.ReadLogsAsync(cancellation);
    }

    /// <summary>
    /// Whether a node was stopped in good order over this journal: until then it had begun a log. The stop is among
    /// the last rows, for whoever starts a node without its log does that after one.
    /// </summary>
    private async Task<bool> WasBegunAsync(CancellationToken cancellation)
    {
        var before = long.MaxValue;
        for (var looked = 0; looked < MostLookedAt;)
        {
            var rows = await journal.ReadBeforeAsync(before, RowsAtOnce, BytesAtOnce, cancellation);
            if (rows.Any(IsStop))
            {
                return true;
            }

            if (rows.Count == 0)
            {
                return false;
            }

            looked += rows.Count;
            before = rows[^1].Position;
        }

        return false;
    }

    private bool IsStop(JournalRow row) =>
        row.PersistenceId.StartsWith("operator|", StringComparison.Ordinal)
        && row.Message.AsSpan().IndexOf("\"act\":\"node.stopped\""u8) >= 0 && entries.Proves(
            Encoding.UTF8.GetBytes(row.PersistenceId), row.Sequence, Encoding.UTF8.GetBytes(row.Manifest), row.Message);

    private static LogRecord Last(IReadOnlyList<LogRecord> logs) =>
        logs.Count > 0 ? logs[^1] : throw new SealingRefusedException("There is no log yet.");

    private async Task<IntegrityVerdict> VerifyAsync(LogRecord log, CancellationToken cancellation)
    {
        var trust = new VerifyOptions
        {
            TrustedKey = log.Key,
            Entries = entries,
            CheckpointFile = options.CheckpointFile,
        };
        return (await LogVerifier.VerifyStoreAsync(address, trust, null, cancellation)).Integrity;
    }

    // Of what is wrong this only follows from the halt: nothing was sealed since.
    private static IEnumerable<IntegrityFault> Contradictions(IntegrityVerdict verdict) => verdict.Faults.Where(
        fault => fault.Kind is not (IntegrityFaultKind.Halted or IntegrityFaultKind.Unsealed));

    private static string Sentences(IntegrityVerdict verdict) => verdict.IsIntact
        ? string.Create(CultureInfo.InvariantCulture, $"{verdict.Size} entries, intact")
        : string.Join('\n', verdict.Faults.Take(MostSentences).Select(fault => fault.Sentence));

    /// <summary>The larger of what the store and this node's file have signed by the log's key.</summary>
    private async Task<SignedCheckpoint?> LastSignedAsync(LogRecord log, CancellationToken cancellation)
    {
        var stored = await store.ReadLastCheckpointAsync(log.Number, cancellation);
        SignedCheckpoint?[] known =
        [
            Readable(() => stored is null ? null : SignedCheckpoint.Parse(stored.Note)), Readable(file.Read),
        ];
        return known.Where(checkpoint => checkpoint is { Checkpoint.Size: > 0 } && log.Chain.Signed(checkpoint))
            .MaxBy(checkpoint => checkpoint!.Checkpoint.Size);
    }

    private static SignedCheckpoint? Readable(Func<SignedCheckpoint?> read)
    {
        try
        {
            return read();
        }
        catch (Exception failure) when (failure is NoteFormatException or LogMemoryException)
        {
            return null;
        }
    }

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
