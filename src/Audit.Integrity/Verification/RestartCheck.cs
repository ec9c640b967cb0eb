namespace Audit.Integrity.Verification;

/// <summary>
/// Follows the restarts of a log back to its first one. Each is shown by every verification for ever, and the entries
/// of a log are the same in the one that took its place: so the rows must lead to where each of them ended.
/// </summary>
internal sealed class RestartCheck
{
    private readonly List<EndedLog> ended = [];

    /// <param name="keys">With which the newest log's signatures are checked.</param>
    public RestartCheck(IReadOnlyList<LogRecord> logs, KeyChain keys)
    {
        for (var i = logs.Count - 1; i >= 0; i--)
        {
            var log = logs[i];
            if (i == 0 && log is { Number: 1, RestartNote: null })
            {
                break;
            }

            ended.Insert(0, End(i == 0 ? null : logs[i - 1], log, i == logs.Count - 1 ? keys : log.Chain));
        }
    }

    /// <summary>Where the earlier logs ended, as far as a log of a size can show it.</summary>
    public IEnumerable<KnownRoot> Roots(long size) => ended
        .Where(log => log.Last is { } last && last.Size <= size)
        .Select(log => new KnownRoot(log.Last!.Size, log.Last.Root, KnownRootOrigin.Ended) { Log = log.Begun.Number });

    /// <param name="missed">The roots that the rows do not lead to.</param>
    /// <param name="restarts">How many restarts the rows speak of.</param>
    public IReadOnlyList<RestartReport> Report(
        IReadOnlyList<KnownRoot> missed, long size, IReadOnlySet<int> accepted, List<IntegrityFault> faults,
        (long Count, long Position) restarts)
    {
        var reports = new List<RestartReport>(ended.Count);
        foreach (var log in ended)
        {
            var number = log.Begun.Number;
            var wrong = log.Wrong
                ?? (log.Last is null ? "where it ended is not known"
                    : log.Last.Size > size ? $"it had {log.Last.Size} entries, and now there are {size}"
                    : missed.Any(root => root.Origin == KnownRootOrigin.Ended && root.Log == number)
                        ? $"the first {log.Last.Size} rows are not those that it sealed"
                        : null);
            var restart = log.Begun.Restart;
            reports.Add(new RestartReport(
                number, log.Begun.Origin, restart?.OldOrigin, log.Begun.StartedAt, restart?.By, restart?.Reason,
                restart?.Verdict, log.Last?.Size, wrong, accepted.Contains(number)));
            if (wrong is not null && !accepted.Contains(number))
            {
                faults.Add(new IntegrityFault(
                    IntegrityFaultKind.EarlierLog, null, null,
                    $"The log \"{restart?.OldOrigin ?? "?"}\" was ended and begun anew as number {number} by "
                    + $"{restart?.By ?? "nobody knows whom"} ({restart?.Reason ?? "no reason is known"}), and {wrong}. "
                    + $"Who accepts that gives --accept-restart {number}."));
            }
        }

        if (restarts.Count > 0 && ended.Count == 0)
        {
            faults.Add(new IntegrityFault(
                IntegrityFaultKind.EarlierLog, restarts.Position, null,
                $"The row at position {restarts.Position} says that the log was begun anew, and the log hides it."));
        }

        return reports;
    }

    private static EndedLog End(LogRecord? old, LogRecord log, KeyChain keys)
    {
        if (log.Restart is not { } restart || old is null)
        {
            return new EndedLog(log, null, "what it took the place of is missing");
        }

        if (!SignedNote.Parse(log.RestartNote!).IsSignedBy(keys.First) || restart.NewOrigin != log.Origin
            || restart.Number != log.Number || restart.OldKey != old.Key)
        {
            return new EndedLog(log, null, "what is stated of it is not signed by the key of the log that followed");
        }

        return restart.LastCheckpoint is not { } last ? new EndedLog(log, null, null)
            : old.Chain.Signed(last) ? new EndedLog(log, last.Checkpoint, null)
            : new EndedLog(log, null, "its last checkpoint is not signed by its key");
    }

    private sealed record EndedLog(LogRecord Begun, Checkpoint? Last, string? Wrong);
}

/// <summary>That a log took the place of another.</summary>
/// <param name="Number">Of the log that was begun.</param>
/// <param name="Verdict">What was found of the old log then, in sentences.</param>
/// <param name="OldSize">How many entries the old log had; null where that is not known.</param>
/// <param name="Wrong">Why the rows do not bear out what the old log sealed; null where they do.</param>
/// <param name="IsAccepted">Whether who verifies accepts it nevertheless.</param>
public sealed record RestartReport(
    int Number, string Origin, string? OldOrigin, DateTimeOffset At, string? By, string? Reason, string? Verdict,
    long? OldSize, string? Wrong, bool IsAccepted);

/// <summary>Whether those whom the verifier believes cosigned the log.</summary>
internal static class WitnessCheck
{
    /// <returns>The newest checkpoint that a quorum cosigned; null where none is demanded, or none is there.</returns>
    public static async Task<KnownRoot?> FindAsync(
        ILogSource log, Checkpoint signed, VerifyOptions options, List<IntegrityFault> faults,
        CancellationToken cancellation)
    {
        if (options.Witnesses.Count == 0)
        {
            return null;
        }

        var quorum = options.WitnessQuorum == 0 ? options.Witnesses.Count : options.WitnessQuorum;
        IReadOnlyList<StoredCheckpoint> stored = [log.Newest!, .. await log.ReadCosignedAsync(cancellation)];
        foreach (var checkpoint in stored.Select(Parse).OfType<SignedCheckpoint>()
            .Where(one => one.Checkpoint.Origin == signed.Origin).OrderByDescending(one => one.Checkpoint.Size))
        {
            var seen = options.Witnesses.Select(key => key.SeenAt(checkpoint)).OfType<DateTimeOffset>().ToList();
            if (seen.Count >= quorum)
            {
                Judge(checkpoint.Checkpoint, seen.Max(), signed, options, faults);
                var (size, root) = (checkpoint.Checkpoint.Size, checkpoint.Checkpoint.Root);
                return new KnownRoot(size, root, KnownRootOrigin.Witnesses);
            }
        }

        Add(faults, $"No checkpoint of the log is cosigned by {quorum} of the {options.Witnesses.Count} witnesses.");
        return null;
    }

    private static void Judge(
        Checkpoint witnessed, DateTimeOffset at, Checkpoint signed, VerifyOptions options, List<IntegrityFault> faults)
    {
        if (witnessed.Size > signed.Size)
        {
            Add(
                faults,
                $"The witnesses cosigned {witnessed.Size} entries, and the log has {signed.Size}: it was set back.");
        }
        else if (witnessed.Size < signed.Size && options.Now - at > options.MaxUnwitnessed)
        {
            Add(
                faults,
                $"The witnesses cosigned {witnessed.Size} of {signed.Size} entries, and nothing since "
                + $"{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        }
    }

    private static SignedCheckpoint? Parse(StoredCheckpoint stored)
    {
        try
        {
            return SignedCheckpoint.Parse(stored.Note);
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }

    private static void Add(List<IntegrityFault> faults, string sentence) =>
        faults.Add(new IntegrityFault(IntegrityFaultKind.NotWitnessed, null, null, sentence));
}

/// <summary>
/// Follows the keys of the logs: each that took the place of another is named by a row that a node wrote, and each such
/// row names one. Who has the database alone neither adds a key nor hides one.
/// </summary>
internal sealed class RotationCheck(IReadOnlyList<LogRecord> logs)
{
    private readonly Dictionary<string, (long Index, long Position)> named = [];

    /// <param name="before">How many rows went before.</param>
    public void Take(ReadBatch batch, long before)
    {
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            if (batch.Facts(i).IsNewKey && KeyOf(batch.Rows.MessageMemory(i)) is { } key)
            {
                named.TryAdd(key, (before + i, batch.Rows[i].Position));
            }
        }
    }

    /// <param name="witnessed">How many entries a quorum of witnesses cosigned; 0 for none.</param>
    /// <param name="newest">The checkpoint that is verified.</param>
    public IReadOnlyList<RotationReport> Report(
        long witnessed, StoredCheckpoint newest, VerifyOptions options, List<IntegrityFault> faults)
    {
        foreach (var broken in logs.Select(log => log.Chain.Broken).OfType<string>())
        {
            Add(faults, null, broken);
        }

        var known = logs.SelectMany(log => log.Chain.Keys).Select(key => key.ToString()).ToHashSet();
        foreach (var (key, at) in named.Where(one => !known.Contains(one.Key)))
        {
            Add(faults, at.Position,
                $"The row at position {at.Position} makes {key} a key of the log, and the log hides it, or the "
                + "rotation was not finished: then `audit log rotate-key` finishes it.");
        }

        var signed = SignedCheckpoint.Parse(newest.Note);
        return [.. logs[^1].Chain.Rotations.Select(rotation => ReportOf(rotation, witnessed, signed, options, faults))];
    }

    private RotationReport ReportOf(
        KeyRotation rotation, long witnessed, SignedCheckpoint signed, VerifyOptions options,
        List<IntegrityFault> faults)
    {
        var isNamed = named.TryGetValue(rotation.NewKey.ToString(), out var at);
        if (!isNamed)
        {
            Add(faults, null,
                $"The key {rotation.NewKey} took the place of {rotation.OldKey}, and no row of the journal says so: it "
                + "is not accepted.");
        }

        var isDue = signed.Checkpoint.Size > rotation.Size && options.Now < rotation.At + options.BothSign;
        return new RotationReport(
            rotation.Number, rotation.OldKey.ToString(), rotation.NewKey.ToString(), rotation.At, rotation.By,
            rotation.Reason, isNamed && at.Index < witnessed, !isDue || signed.IsSignedBy(rotation.OldKey));
    }

    private static string? KeyOf(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            return json.RootElement.GetProperty(EventField.Facts.Name).GetProperty("key").GetString();
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            return "(a key that cannot be read)";
        }
    }

    private static void Add(List<IntegrityFault> faults, long? position, string sentence) =>
        faults.Add(new IntegrityFault(IntegrityFaultKind.NotSigned, position, null, sentence));
}

/// <summary>That a key of the log took the place of another.</summary>
/// <param name="IsWitnessed">Whether those whom the verifier believes cosigned the log with the row that says so: they
/// saw that it was the same log. Otherwise the old key alone stands for it, whoever had it then.</param>
/// <param name="OldKeySigns">Whether the old key signs beside the new one for as long as it has to.</param>
public sealed record RotationReport(
    int Number, string OldKey, string NewKey, DateTimeOffset At, string By, string Reason, bool IsWitnessed,
    bool OldKeySigns);
