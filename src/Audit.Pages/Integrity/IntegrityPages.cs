namespace Audit.Pages.Integrity;

/// <summary>`/integrity`: the state of the tamper-evident log, and verifications of the book.</summary>
internal sealed class IntegrityPages(NodeLog log, IJournal journal, Verifications runs) : IPageGroup
{
    private const int RefreshSeconds = 2;


    public void Map(PageMap pages)
    {
        pages.Get("/integrity", Roles.Read, ShowAsync);
        pages.Post("/integrity/verify", Roles.Read, Verify);
    }

    private async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var head = await log.TryHeadAsync(visit.Cancellation);
        var root = head?.Stored is { } stored
            ? Convert.ToBase64String(SignedCheckpoint.Parse(stored.Note).Checkpoint.Root)
            : null;
        var status = log.Status;
        var run = runs.Last;
        var view = new IntegrityView(
            head, root, await journal.LastPositionAsync(visit.Cancellation), SealerWords.Of(status.State), status,
            run);
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
    LogHead? Head, string? Root, long Journal, string SealState, SealerStatus Seal, VerificationRun? Run);
