using Audit.Integrity.Bundles;

namespace Audit.Integrity.Verification;

/// <summary>One verification of one journal against one log.</summary>
/// <param name="look">Asks the store; null with a bundle.</param>
/// <param name="bundle">Null with a store.</param>
internal sealed class Verification(
    VerifyOptions options, NodeMemory memory, StoreLook? look, IProgress<VerifyProgress>? progress,
    BundleReader? bundle = null)
{
    private const string NoCheckpoint = "there is no checkpoint that the rows could be compared with.";

    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    private readonly List<IntegrityFault> faults = [];
    private readonly CompletenessCheck completeness = new();
    private readonly ReceiptCheck receipts = new(options.Receipts, options.Signatures);
    private readonly LackCheck lacks = new(options, look, bundle);
    private readonly CutCheck cuts = new(options.Entries, look);
    private readonly ContentsCheck sessions = new(bundle?.Contents);
    private readonly ReportCheck report = new(bundle?.Report);
    private readonly OpeningCheck opening = new(bundle?.Keys);
    private (long Count, long Position) restarts;

    /// <param name="log">Null where there is none.</param>
    public async Task<VerificationResult> RunAsync(ILogSource? log, IRowSource rows, CancellationToken cancellation)
    {
        if (log?.Newest is not { } newest)
        {
            return await RunWithoutLogAsync(log, rows, cancellation);
        }

        var choice = KeyChoice.Of(options, log.Logs[^1]);
        if (Signed(newest, log.Logs[^1], choice) is not { } signed)
        {
            return await RunWithoutLogAsync(log, rows, cancellation);
        }

        var ended = new RestartCheck(log.Logs, choice.Chain);
        List<KnownRoot> outside = [.. Outside(log, signed, choice.Chain), .. ended.Roots(signed.Size)];
        var witnessed = await WitnessCheck.FindAsync(log, signed, options, faults, cancellation);
        if (witnessed is not null)
        {
            outside.Add(witnessed);
        }

        var check = new IntegrityCheck(log, signed.Size, choice.Chain, outside);
        var keys = new RotationCheck(log.Logs);
        await check.BeginAsync(cancellation);
        await cuts.BeginAsync(cancellation);
        await ReadAsync(rows, check, keys, signed.Size, cancellation);
        await check.EndAsync(cancellation);
        var conclusion = new IntegrityConclusion(check, signed);
        faults.InsertRange(0, conclusion.Faults());
        var reports = ended.Report(
            check.MissedByRows, signed.Size, options.AcceptedRestarts, faults, restarts);
        var rotations = keys.Report(witnessed?.Size ?? 0, newest, options, faults);
        var held = sessions.Report(faults);
        JudgeHalt(log.Logs[^1]);
        JudgeUnsealed(check);
        JudgeUnproven(check);
        faults.AddRange(lacks.Faults());
        // A bundle has nothing that is not sealed.
        faults.AddRange(await cuts.EndAsync(
            bundle is null ? newest.LastPosition : long.MaxValue, options.Archives, cancellation));
        faults.AddRange(opening.Faults());
        faults.AddRange(report.Faults());
        receipts.Try(known => choice.Chain.Signed(known) || log.Logs.SkipLast(1).Any(one => one.Chain.Signed(known)));
        faults.AddRange(receipts.End(check.FirstUnsealed is { } unsealed ? unsealed.Position - 1 : long.MaxValue));
        var integrity = new IntegrityVerdict
        {
            Origin = log.Logs[^1].Origin,
            Key = choice.Key,
            KeyTrust = choice.Trust,
            Size = signed.Size,
            Root = signed.Root,
            SignedAt = newest.SignedAt,
            Rows = check.Rows,
            UnsealedRows = Math.Max(check.Rows - signed.Size, 0),
            ForeignRows = check.ForeignRows,
            UnprovenRows = check.UnprovenRows,
            FirstUnproven = check.FirstUnproven,
            EntriesOnly = check.EntriesOnly,
            Receipts = options.Receipts.Count,
            Restarts = reports,
            Rotations = rotations,
            IsPart = sessions.IsAsked,
            Contents = opening.Report,
            ReportedAt = report.FoundAt,
            Erased = lacks.Erased,
            Sessions = held,
            Cut = cuts.Found,
            ContinuesSize = faults.Any(fault => fault.Kind == IntegrityFaultKind.SetBack)
                ? null
                : options.Since?.Checkpoint.Size,
            Faults = faults,
        };
        return new VerificationResult(integrity, await completeness.EndAsync(rows, cancellation))
        {
            Sample = completeness.Sample,
        };
    }

    private async Task<VerificationResult> RunWithoutLogAsync(
        ILogSource? log, IRowSource rows, CancellationToken cancellation)
    {
        var read = 0L;
        await RowPipeline.RunAsync(
            rows, options.Entries,
            async (batch, stop) =>
            {
                read += batch.Rows.Count;
                await lacks.TakeAsync(batch.Rows, stop);
                receipts.Take(batch.Rows);
                completeness.Take(batch);
                progress?.Report(new VerifyProgress(read, 0));
            },
            cancellation);
        if (faults.Count == 0 && read > 0)
        {
            Add(IntegrityFaultKind.NoLog, log?.Logs.Count > 1
                ? $"Nothing was sealed since the log was started anew: {NoCheckpoint}"
                : $"Nothing was ever sealed: {NoCheckpoint}");
        }
        else if (faults.Count == 0 && (options.Since ?? memory.Checkpoint) is { Checkpoint.Size: > 0 })
        {
            Add(IntegrityFaultKind.SetBack, "A checkpoint was signed once, and the store has neither rows nor a log.");
        }

        if (log is not null)
        {
            JudgeHalt(log.Logs[^1]);
        }

        faults.AddRange(lacks.Faults());
        faults.AddRange(receipts.End(0));
        var integrity = new IntegrityVerdict
        {
            Origin = log?.Logs[^1].Origin,
            Rows = read,
            UnsealedRows = read,
            Receipts = options.Receipts.Count,
            Faults = faults,
        };
        return new VerificationResult(integrity, await completeness.EndAsync(rows, cancellation))
        {
            Sample = completeness.Sample,
        };
    }

    private Task ReadAsync(
        IRowSource rows, IntegrityCheck check, RotationCheck keys, long size, CancellationToken cancellation) =>
        RowPipeline.RunAsync(
            rows, options.Entries,
            async (batch, stop) =>
            {
                keys.Take(batch, check.Rows);
                sessions.Take(batch.Rows, check.Rows);
                report.Take(batch.Rows);
                await check.TakeAsync(batch.Rows, stop);
                await lacks.TakeAsync(batch.Rows, stop);
                cuts.Take(batch.Rows);
                opening.Take(batch.Rows);
                receipts.Take(batch.Rows);
                NoteRestarts(batch);
                completeness.Take(batch);
                progress?.Report(new VerifyProgress(check.Rows, size));
            },
            cancellation);

    /// <returns>Null when there is nothing that the rows could be compared with.</returns>
    private Checkpoint? Signed(StoredCheckpoint newest, LogRecord log, in KeyChoice choice)
    {
        try
        {
            var signed = SignedCheckpoint.Parse(newest.Note);
            if (!choice.Chain.Signed(signed) || signed.Checkpoint.Origin != log.Origin
                || signed.Checkpoint.Size != newest.Size)
            {
                Add(IntegrityFaultKind.NotSigned,
                    $"The checkpoint of {newest.Size} entries is not signed by the key {choice.Key}, "
                    + $"nor by one that it introduced{Restarted(log)}.");
            }
            return signed.Checkpoint with { Size = newest.Size };
        }
        catch (NoteFormatException failure)
        {
            Add(IntegrityFaultKind.NotSigned, $"The checkpoint cannot be read: {failure.Message}");
            return null;
        }
    }

    private static string Restarted(LogRecord log) =>
        log.Restart is not { } restart
            ? ""
            : $"; the log \"{log.Origin}\" was begun by {restart.By}, who says: {restart.Reason}";

    /// <summary>Roots that are known from outside of what is verified, if they can be relied on.</summary>
    private IEnumerable<KnownRoot> Outside(ILogSource log, Checkpoint signed, KeyChain keys)
    {
        if (options.Since is { } since && Relies(since, log, keys, signed.Size, "The checkpoint that was given"))
        {
            yield return new KnownRoot(since.Checkpoint.Size, since.Checkpoint.Root, KnownRootOrigin.Auditor);
        }

        foreach (var receipt in options.Receipts)
        {
            if (receipt.Checkpoint is { } proven
                && Relies(proven, log, keys, signed.Size, $"The checkpoint of the receipt in line {receipt.Line}"))
            {
                yield return new KnownRoot(proven.Checkpoint.Size, proven.Checkpoint.Root, KnownRootOrigin.Auditor);
            }
        }

        if (memory.Fault is { } fault)
        {
            Add(IntegrityFaultKind.SetBack, fault);
        }

        if (memory.Checkpoint is { } node
            && Relies(node, log, keys, signed.Size, "The checkpoint in the node's own file"))
        {
            yield return new KnownRoot(node.Checkpoint.Size, node.Checkpoint.Root, KnownRootOrigin.Node);
        }
    }

    // The entries of a row are the same in every log of a store, so a checkpoint of a log that was ended must still be
    // met.
    private bool Relies(SignedCheckpoint known, ILogSource log, KeyChain keys, long size, string what)
    {
        var of = log.Logs.FirstOrDefault(record => record.Origin == known.Checkpoint.Origin);
        if (of is null)
        {
            Add(
                IntegrityFaultKind.SetBack,
                $"{what} is of the log \"{known.Checkpoint.Origin}\", which is unknown here.");
        }
        else if (!(of.Number == log.Logs[^1].Number ? keys : of.Chain).Signed(known))
        {
            Add(IntegrityFaultKind.NotSigned, $"{what} is not signed by the key of the log \"{of.Origin}\".");
        }
        else if (known.Checkpoint.Size <= size)
        {
            return true;
        }
        else
        {
            Add(
                IntegrityFaultKind.SetBack,
                $"{what} is of {known.Checkpoint.Size} entries; the log has {size}: it was set back.");
        }

        return false;
    }

    private void NoteRestarts(ReadBatch batch)
    {
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            if (batch.Facts(i).IsRestart)
            {
                restarts = (restarts.Count + 1, restarts.Count == 0 ? batch.Rows[i].Position : restarts.Position);
            }
        }
    }

    // A row that claims to be of the future would never be late.
    private void JudgeUnsealed(IntegrityCheck check)
    {
        if (check.FirstUnsealed is not { } first)
        {
            return;
        }

        var waited = options.Now - new DateTimeOffset(
            Math.Clamp(first.Created, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
        if (waited > options.MaxUnsealed || waited < -ClockSkew)
        {
            faults.Add(new IntegrityFault(
                IntegrityFaultKind.Unsealed, first.Position, null,
                $"The row at position {first.Position} and those after it are not sealed, and were not for longer than "
                + $"{options.MaxUnsealed.TotalSeconds} s: nothing proves them."));
        }
    }

    private void JudgeUnproven(IntegrityCheck check)
    {
        if (check.UnprovenRows > options.AcceptedUnproven)
        {
            faults.Add(new IntegrityFault(
                IntegrityFaultKind.Unproven, check.FirstUnproven, null,
                $"{check.UnprovenRows} rows, the first at position {check.FirstUnproven}, were written by something "
                + "that does not have the store's row key, or changed before they were sealed: they are no evidence. "
                + $"Who accepts that gives --accept-unproven {check.UnprovenRows}."));
        }
    }

    private void JudgeHalt(LogRecord log)
    {
        if (log.Halt is { } halt)
        {
            var sentence = $"The log is halted: {halt.Reason}";
            faults.Add(new IntegrityFault(IntegrityFaultKind.Halted, halt.Position, null, sentence));
        }
    }

    private void Add(IntegrityFaultKind kind, string sentence) =>
        faults.Add(new IntegrityFault(kind, null, null, sentence));
}

/// <summary>What the node's own file remembers of the last signature.</summary>
/// <param name="Fault">Why the file cannot be used; null where it can, or there is none.</param>
internal readonly record struct NodeMemory(SignedCheckpoint? Checkpoint, string? Fault)
{
    public static NodeMemory Read(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            return default;
        }

        try
        {
            return new NodeMemory(SignedCheckpoint.Parse(File.ReadAllBytes(path)), null);
        }
        catch (NoteFormatException failure)
        {
            return new NodeMemory(null, $"The node's file {path} is no checkpoint: {failure.Message}");
        }
    }

    /// <summary>Whether it remembers more of this log than the log has.</summary>
    public bool IsAheadOf(ILogSource? log) =>
        Checkpoint is { } known && log is not null && known.Checkpoint.Origin == log.Logs[^1].Origin
        && known.Checkpoint.Size > (log.Newest?.Size ?? 0);
}
