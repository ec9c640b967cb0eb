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
