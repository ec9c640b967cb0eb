namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit windows [WINDOW]`: who, for what, from when until when, on whose word, and what was done.</summary>
internal static class WindowCommand
{
    public static readonly Column<WindowAnswer>[] Shown =
    [
        new("window", window => window.Alias ?? window.WindowId) { Least = 20 }, new("state", window => window.State),
        new("task", window => window.TaskId), new("agent", window => window.Agent, Rank: 2),
        new("scope", window => window.Scope, Rank: 3), new("sources", window => window.Sources, Rank: 7),
        new("from", window => Cells.Clock(window.OpensAt)) { IsRigid = true },
        new("until", window => Until(window), Rank: 1) { IsRigid = true },
        new("requested by", window => window.RequestedBy, Rank: 5),
        new("approved by", window => window.ApprovedBy), new("reason", window => window.Reason, Rank: 4),
        new("id", window => window.WindowId, Rank: 6),
    ];

    private static readonly Column<WindowActAnswer>[] History =
    [
        new("at", act => Cells.Clock(act.At)) { IsRigid = true }, new("event", act => act.Event),
        new("by", act => act.By), new("on behalf of", act => act.OnBehalfOf, Rank: 2),
        new("reason", act => act.Reason),
        new("closes", act => Cells.Clock(act.ClosesAt), Rank: 1) { IsRigid = true },
        new("violation", act => act.Violation, Colour: _ => Ansi.Red),
    ];

    private static readonly Column<LateSessionAnswer>[] Late =
    [
        new("source", late => late.Source), new("session", late => late.SessionId),
        new("messages", late => late.Messages),
        new("dated from", late => Cells.Clock(late.FirstAt)), new("until", late => Cells.Clock(late.LastAt)),
        new("late by", late => Cells.Duration(late.LateByMs)), new("no number missing", late => late.SeqGapless),
        new("numbered before the end", late => late.SeqBeganBefore),
        new("node away", late => late.NodePauses.Select(pause =>
            $"{Times.Plain.Of(pause.From)}-{Times.Plain.Of(pause.Until)}{(pause.Stopped ? " stopped" : "")}")),
    ];

    private static readonly Column<(string Session, LateCallAnswer Call)>[] LateCalls =
    [
        new("session", late => late.Session), new("call", late => late.Call.ToolCallId),
        new("dated", late => Cells.Clock(late.Call.At)), new("received", late => Cells.Clock(late.Call.ReceivedAt)),
        new("late by", late => Cells.Duration(late.Call.LateByMs)), new("node away", late => late.Call.NodeAway),
        new("decided by the node", late => Cells.Clock(late.Call.DecidedAt)),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "windows",
            "Lists task windows, newest first, or shows one: who approved it, every command in it, "
            + "and what was done outside.");
        var window = command.AddOptionalName("WINDOW", "the window to show, by its id or by what its source calls it");
        var source = command.AddText("--source", "SOURCE", "whose window it is, where several called one so");
        var task = command.AddText("--task", "TASK", "only windows of this task");
        var agent = command.AddText("--agent", "AGENT", "only windows of this agent");
        var openAt = command.AddText("--open-at", "TIME|now", "only windows that are open then");
        var at = command.AddMoment("one window as it was known then");
        var limit = command.AddLimit("windows, or commands in one");
        return command.Asks(surroundings, asked => asked.Get(window) is { } one
            ? asked.PrintAsync(
                "v1/window", WireJson.Default.WindowDetailAnswer, Write, limit, at, ("window", one),
                ("source", asked.Get(source)))
            : asked.PrintListAsync(
                asked.Get(limit), "windows", "v1/windows", WireJson.Default.WindowAnswer, Shown,
                ("task", asked.Get(task)), ("agent", asked.Get(agent)), ("open_at", asked.Get(openAt))));
    }

    private static TimeText Until(WindowAnswer window) => Cells.Clock(window.EndedAt ?? window.ClosesAt);

    private static void Write(Surroundings surroundings, WindowDetailAnswer window)
    {
        var page = new TextPage(surroundings);
        page.Title($"window {Cells.Of(window.Alias ?? window.WindowId)}: {window.State}");
        page.Line("in short", window.Sentence?.Text, isWhole: true);
        page.Line("id", window.WindowId);
        page.Line("task", window.TaskId);
        page.Line("agent", window.Agent);
        page.Line("scope", window.Scope);
        page.Line("sources", window.Sources);
        page.Line("reason", window.Reason);
        page.Line("from", Cells.Clock(window.OpensAt));
        page.Line("until", Until(window));
        page.Line("requested by", window.RequestedBy);
        page.Line("approved by", ApprovalOf(window), isWhole: true);
        page.Line("granted after", window.Marked.GrantedAfter > 0 ? window.Marked.GrantedAfter : null);
        page.Line("not reviewed", window.Unreviewed > 0 ? window.Unreviewed : null);
        page.Line("late, accepted", window.Marked.Accepted > 0 ? window.Marked.Accepted : null);
        page.Table("history", History, window.History);
        page.Table("done in it, in order", CallColumns.All, window.Done.Items);
        page.Table(
            "OUTSIDE of any window, by the same agent for the same task", CallColumns.All, window.OutsideWindow.Items);
        page.Table("OUT OF SCOPE", CallColumns.All, window.OutOfScope.Items);
        page.Table("REPORTED LATE, dated into it and not proven", Late, window.WindowUnproven);
        page.Table(
            "calls that were reported late", LateCalls,
            [.. window.WindowUnproven.SelectMany(late => late.Calls.Select(call => (late.SessionId, call)))]);
        page.End(
            window.Done.Next is null ? null : $"first {window.Done.Items.Count} commands, there are more (--limit)");
    }

    private static string ApprovalOf(WindowAnswer window) =>
        window.ApprovedBy + (window.SelfGranted ? ", for itself" : "") + (window.GrantedAfter ? ", afterwards" : "")
        + (window.MintedByParty ? ", by a token that a party made" : "");
}
