using Audit.Pages.Rendering;
using Audit.Pages.Shared;

namespace Audit.Pages.Lists;

/// <summary>`/calls?state=` and `/strayed?judgement=`: short lists of calls that somebody may have to look at.</summary>
internal static class CallListPages
{
    private static readonly WindowJudgement[] Strayed = [WindowJudgement.OutsideWindow, WindowJudgement.OutOfScope];

    public static void Map(PageMap pages)
    {
        pages.Get("/calls", Roles.Read, ByStateAsync);
        pages.Get("/strayed", Roles.Read, StrayedAsync);
    }

    private static async Task<PageAnswer> ByStateAsync(Visit visit)
    {
        var word = visit.Query.Text("state") ?? Words.Of(CallState.AwaitingConfirmation);
        if (!Words.TryState(word, out var state) || !Attention.States.Contains(state))
        {
            visit.Query.Refuse("state", $"one of {string.Join(", ", Attention.States.Select(Words.Of))} is expected, not \"{word}\".");
            state = CallState.AwaitingConfirmation;
        }

        var calls = await visit.ListAsync(page => visit.Node.Reads.Models.CallsInStateAsync(state, page, visit.Cancellation), visit.Visible.Sees);
        return Show($"Calls: {Say.Name(state)}", "Calls that are in this state now, newest first.", calls, $"/calls?state={word}");
    }

    private static async Task<PageAnswer> StrayedAsync(Visit visit)
    {
        var word = visit.Query.Text("judgement") ?? ModelWords.Of(WindowJudgement.OutsideWindow);
        var judgement = Strayed.FirstOrDefault(one => ModelWords.Of(one) == word);
        if (judgement == default)
        {
            visit.Query.Refuse("judgement", $"outside_window or out_of_scope is expected, not \"{word}\".");
            judgement = WindowJudgement.OutsideWindow;
        }

        var calls = await visit.ListAsync(page => visit.Node.Reads.Models.StrayedCallsAsync(judgement, page, visit.Cancellation), visit.Visible.Sees);
        var explanation = judgement == WindowJudgement.OutOfScope
            ? "Calls for a task whose window was open and did not let this tool be used."
            : "Calls for a task while no window of it was open for their agent.";
        return Show($"Calls {Say.Name(judgement)}", explanation, calls, $"/strayed?judgement={word}");
    }

    private static PageAnswer Show(string title, string explanation, ListView<CallModel> calls, string here)
    {
        (string Href, string Name)[] all =
        [
            .. Attention.States.Select(state => ($"/calls?state={Words.Of(state)}", Say.Name(state))),
            .. Strayed.Select(judgement => ($"/strayed?judgement={ModelWords.Of(judgement)}", Say.Name(judgement))),
        ];
        return PageAnswer.Show<CallListPage>(
            title, "overview", new CallListView(title, explanation, calls, [.. all.Select(one => (one.Href, one.Name, one.Href == here))]));
    }
}
