namespace Audit.Pages.Overview;

/// <summary>`/calls?state=`, `/strayed?judgement=` and `/violations`: what somebody may have to look at.</summary>
internal sealed class ListPages : IPageGroup
{
    private static readonly WindowJudgement[] Strayed =
        [WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope, WindowJudgement.WindowUnproven];

    public void Map(PageMap pages)
    {
        pages.Get("/calls", Roles.Read, ByStateAsync).Scoped(Scope.Binding);
        pages.Get("/strayed", Roles.Read, StrayedAsync).Scoped(Scope.Binding);
        pages.Get("/violations", Roles.Read, ViolationsAsync).Scoped(Scope.Binding);
    }

    private static async Task<PageAnswer> ByStateAsync(Visit visit)
    {
        var word = visit.Query.Text("state") ?? Words.Of(CallState.AwaitingConfirmation);
        if (!Words.TryState(word, out var state) || !Attention.States.Contains(state))
        {
            var words = string.Join(", ", Attention.States.Select(Words.Of));
            visit.Query.Refuse("state", $"one of {words} is expected, not \"{word}\".");
        }

        var calls = await visit.ListAsync(
            (page, cancellation) => visit.Reads.Models.CallsInStateAsync(state, page, cancellation));
        const string Explanation = "Calls that are in this state now, newest first.";
        return Show($"Calls: {Display.Name(state)}", Explanation, calls, AddressOf(state));
    }

    private static async Task<PageAnswer> StrayedAsync(Visit visit)
    {
        var judgement = visit.Judgement(Strayed);
        var calls = await visit.ListAsync(
            (page, cancellation) => visit.Reads.Models.StrayedCallsAsync(judgement, page, cancellation));
        var explanation = judgement switch
        {
            WindowJudgement.OutOfScope => "Calls for a task whose window was open and did not let this tool be used.",
            WindowJudgement.WindowUnproven =>
                "Calls that are dated into a window and were reported after its end; a person may accept them there.",
            _ => "Calls for a task while no window of it was open for their agent.",
        };
        return Show($"Calls {Display.Name(judgement)}", explanation, calls, AddressOf(judgement));
    }

    private static PageAnswer Show(string title, string explanation, ListView<CallModel> calls, string here)
    {
        (string Href, string Name)[] all =
        [
            .. Attention.States.Select(state => (AddressOf(state), Display.Name(state))),
            .. Strayed.Select(judgement => (AddressOf(judgement), Display.Name(judgement))),
        ];
        var choices = all.Select(one => (one.Href, one.Name, one.Href == here)).ToList();
        return PageAnswer.Show<CallListPage>(title, "overview", new CallListView(title, explanation, calls, choices));
    }

    private static string AddressOf(CallState state) => $"/calls?state={Words.Of(state)}";

    private static string AddressOf(WindowJudgement judgement) => $"/strayed?judgement={WireOf.Of(judgement)}";

    private static async Task<PageAnswer> ViolationsAsync(Visit visit)
    {
        var filter = visit.Query.Violations();
        var violations = await visit.ListAsync(
            (page, cancellation) => visit.Reads.Models.ViolationsAsync(filter, page, cancellation));
        var view = new ViolationListView(violations, filter, visit.Recorded);
        return PageAnswer.Show<ViolationListPage>("Violations", "overview", view);
    }
}

/// <param name="Choices">The lists beside this one: address, name, and whether it is this one.</param>
public sealed record CallListView(
    string Title, string Explanation, ListView<CallModel> Calls,
    IReadOnlyList<(string Href, string Name, bool IsCurrent)> Choices);

/// <param name="Filter">Which are shown.</param>
/// <param name="Recorded">The position of what a form of the page just wrote.</param>
public sealed record ViolationListView(
    ListView<ViolationModel> Violations, ViolationFilter Filter, long? Recorded)
{
    public string Here => Filter.Review is { } review ? $"/violations?review={WireOf.Of(review)}"
        : Filter.Lifted is { } lifted ? $"/violations?lifted={(lifted ? "true" : "false")}"
        : "/violations";
}
