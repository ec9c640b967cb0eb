using Audit.Pages.Rendering;

namespace Audit.Pages.Overview;

/// <summary>`/overview`: what happens now, and what needs eyes.</summary>
internal static class OverviewPages
{
    private static readonly PageRequest Few = new(8);

    public static void Map(PageMap pages) => pages.Get("/overview", Roles.Read, ShowAsync);

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var word = visit.Query.Text("range") ?? "day";
        if (HourRange.Of(word, visit.Now) is not { } range)
        {
            visit.Query.Refuse("range", $"one of {HourRange.Accepted} is expected, not \"{word}\".");
            range = HourRange.Of("day", visit.Now)!;
        }

        await visit.CatchUpAsync();
        var (models, visible, cancellation) = (visit.Node.Reads.Models, visit.Visible, visit.Cancellation);
        var view = new OverviewView(visit.IsBound ? null : await models.HoursAsync(range.From, range.Until, cancellation), range)
        {
            Awaiting = Own(await models.CallsInStateAsync(CallState.AwaitingConfirmation, Few, cancellation), visible.Sees),
            Requested = Own(await models.WindowsAsync(new WindowFilter { Requested = true }, Few, cancellation), visible.Sees),
            Forgotten = Own(await models.CallsInStateAsync(CallState.PersistenceFailed, Few, cancellation), visible.Sees),
            Outside = Own(await models.StrayedCallsAsync(WindowJudgement.OutsideWindow, Few, cancellation), visible.Sees),
            OutOfScope = Own(await models.StrayedCallsAsync(WindowJudgement.OutOfScope, Few, cancellation), visible.Sees),
            Violations = Own(await models.ViolationsAsync(lifted: false, Few, cancellation), visible.Sees),
            Health = await HealthAsync(visit),
        };
        return PageAnswer.Show<OverviewPage>("Overview", "overview", view);
    }

    private static Page<T> Own<T>(Page<T> page, Func<T, bool> sees) => new([.. page.Items.Where(sees)], page.Next);

    private static async Task<NodeHealth> HealthAsync(Visit visit)
    {
        var node = visit.Node;
        var head = await node.Log.TryHeadAsync(visit.Cancellation);
        var (reads, log) = (node.Reads.Status, node.Log.Status);
        return new NodeHealth(
            await node.Journal.LastPositionAsync(visit.Cancellation), await node.Reads.Models.PositionAsync(visit.Cancellation),
            reads.State.ToString().ToLowerInvariant(), reads.Lag, reads.Sentence,
            head?.LastPosition ?? 0, SealerWords.Of(log.State), log.Reason);
    }
}
