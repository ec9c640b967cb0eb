namespace Audit.Pages.Integrity;

/// <summary>`/integrity`: the state of the tamper-evident log, and verifications of the book.</summary>
internal sealed class IntegrityPages(NodeLog log, IJournal journal, Verifications runs) : IPageGroup
{
    private const int RefreshSeconds = 2;

    public void Map(PageMap pages)
    {
        pages.Get("/integrity", Roles.Read, ShowAsync).Scoped(Scope.Unbound);
        pages.Post("/integrity/verify", Roles.Read, Verify).Scoped(Scope.Unbound);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        await log.LookAsync(visit.Cancellation);
        var head = log.Known;
        var root = head?.Stored is { } stored
            ? Convert.ToBase64String(SignedCheckpoint.Parse(stored.Note).Checkpoint.Root)
            : null;
        var status = log.Status;
        var run = runs.Last;
        var view = new IntegrityView(
            head, root, await journal.LastPositionAsync(visit.Cancellation), SealerWords.Of(status.State), status,
            run)
        {
            Logs = head is null ? [] : await log.Reader.LogsAsync(visit.Cancellation),
            Unproven = log.Seals?.Unproven ?? default,
            IsOverdue = log.Seals?.IsOverdue == true,
            Scrubbed = log.Sealer.Scrubbed,
            Witnessed = await log.WitnessedAsync(visit.Cancellation) is { } witnessed
                ? new WitnessedView(
                    witnessed.Quorum, witnessed.Size ?? 0, witnessed.UnwitnessedSeconds, witnessed.IsOverdue)
                : null,
            Witnesses = log.Sealer.Witnesses,
        };
        return PageAnswer.Show<IntegrityPage>(
            "Integrity", "integrity", view, ["integrity"], refresh: run is { IsRunning: true } ? RefreshSeconds : null);
    }

    private Task<PageAnswer> Verify(Visit visit)
    {
        runs.Start(visit.Bearer.Name);
        return Task.FromResult(PageAnswer.Go("/integrity"));
    }
}

/// <param name="Head">Null before anything was sealed.</param>
/// <param name="Root">The root of the newest checkpoint, in base64.</param>
/// <param name="Journal">The last position of the journal.</param>
public sealed record IntegrityView(
    LogHead? Head, string? Root, long Journal, string SealState, SealerStatus Seal, VerificationRun? Run)
{
    /// <summary>The logs that there were, the oldest first.</summary>
    public required IReadOnlyList<LogRecord> Logs { get; init; }

    public required UnprovenRows Unproven { get; init; }

    /// <summary>Whether rows wait longer for their seal than they may.</summary>
    public required bool IsOverdue { get; init; }

    /// <summary>Whether others cosigned; null where nobody is asked to.</summary>
    public required WitnessedView? Witnessed { get; init; }

    public required IReadOnlyList<WitnessStatus> Witnesses { get; init; }

    /// <summary>How far the scrub is, where this node seals.</summary>
    public required (long Position, DateTimeOffset? EndedAt)? Scrubbed { get; init; }
}

/// <summary>Up to which size others cosigned the log.</summary>
/// <param name="Seconds">How long what came later is without their cosignatures.</param>
public sealed record WitnessedView(int Quorum, long Size, double Seconds, bool IsOverdue);
