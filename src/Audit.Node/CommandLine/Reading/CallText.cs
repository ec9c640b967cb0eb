namespace Audit.Node.CommandLine.Reading;

/// <summary>A call for a person: what it was, and message by message what became of it.</summary>
internal static class CallText
{
    private static readonly Column<TransitionAnswer>[] Messages =
    [
        new("at", message => Cells.Clock(message.At)) { IsRigid = true },
        new("received", message => Cells.Clock(message.ReceivedAt), Rank: 6) { IsRigid = true },
        new("position", message => message.Position, Rank: 5) { IsRigid = true },
        new("message", message => message.Message, Rank: 4),
        new(
            "state", State, IsWhole: true,
            Colour: message => message.Violation is null ? CallColumns.Colour(message.To, message.Success) : Ansi.Loud)
        { Least = 34 },
        new("attempt", message => message.Attempt, Rank: 8),
        new("anomalies", message => message.Anomalies, Rank: 1),
        new("window", message => CallColumns.Window(message.Judgement, message.WindowMarks), Rank: 2),
        new("token", message => message.Token, Rank: 7),
        new("by", message => message.By), new("remark", message => message.Remark, Rank: 3),
    ];

    public static void Write(Surroundings surroundings, CallDetailAnswer call)
    {
        var page = new TextPage(surroundings);
        page.Title($"call {Cells.Of(call.ToolCallId)} of session {Cells.Of(call.SessionId)}: {call.State}");
        page.Line("in short", call.Sentence?.Text, isWhole: true);
        page.Line("source", call.Source);
        page.Line("tool", call.ToolName);
        page.Line("command", call.Command);
        page.Line("task", call.TaskId);
        page.Line("agent", call.Agent);
        page.Line("parent", call.Parent);
        page.Line("model", $"{call.Provider} {call.Model}".Trim(), isWhole: true);
        var outcome = CallColumns.Outcome(call.Success, call.Decision, call.DecidedBy, call.ClaimedBy);
        page.Line("outcome", outcome, isWhole: true);
        page.Line("waited", Cells.Duration(call.WaitedMs));
        page.Line("ran", Cells.Duration(call.RanMs));
        page.Line("window", CallColumns.Window(call.Judgement, call.WindowMarks), isWhole: true);
        page.Line("anomalies", call.Anomalies);
        page.Line("violations", call.Violations > 0 ? call.Violations : null);
        page.Line("to review", call.Unreviewed > 0 ? call.Unreviewed : null);
        page.Line("remark", call.Remark);
        page.Table("messages", Messages, call.Transitions);
        page.End();
    }

    private static string State(TransitionAnswer message) => message switch
    {
        { Violation: { } cause } => $"{message.From} VIOLATION ({cause}){Review(message)}",
        { Lifted: true } => $"{message.From} → {message.To} (lifted){Review(message)}",
        _ => $"{message.From} → {message.To}",
    };

    private static string Review(TransitionAnswer message) => message.Review is { } state ? $", {state}" : "";
}

/// <summary>Calls in lists for a person.</summary>
internal static class CallColumns
{
    public static readonly Column<CallAnswer>[] All =
    [
        new("at", call => Cells.Clock((call as DeedAnswer)?.At ?? call.FirstAt)) { IsRigid = true },
        new("source", call => call.Source, Rank: 6), new("session", call => call.SessionId, Rank: 4),
        new("call", call => call.ToolCallId) { Least = 20 },
        new("tool", call => call.ToolName, Rank: 2),
        new("state", call => State(call.State, call.Success), Colour: call => Colour(call.State, call.Success))
        { IsRigid = true },
        new(
            "outcome", call => Outcome(call.Success, call.Decision, call.DecidedBy, call.ClaimedBy), IsWhole: true,
            Rank: 1, Colour: call => Colour(call.State, call.Success)),
        new("window", call => Window(call.Judgement, call.WindowMarks), Rank: 3),
        new("agent", call => call.Agent, Rank: 5), new("command", call => call.Command),
    ];

    /// <summary>Also where there is no room for how it ended.</summary>
    public static string? State(string? state, bool? success) => success == false ? $"{state}, failed" : state;

    /// <summary>What failed is not shown as what came to a good end.</summary>
    public static string? Colour(string? state, bool? success) => Ansi.OfState(success == false ? "failed" : state);

    /// <summary>How it stands to the windows, and what that rests on.</summary>
    public static string? Window(string? judgement, IReadOnlyList<string> marks) =>
        marks.Count == 0 ? judgement : $"{judgement} ({string.Join(", ", marks).Replace('_', ' ')})";

    /// <summary>How it ended, and who decided where somebody did.</summary>
    public static string Outcome(bool? success, string? decision, string? decidedBy, string? claimedBy)
    {
        var ended = success switch { true => "ok", false => "failed", _ => null };
        var decided = !string.IsNullOrEmpty(decidedBy) ? $"{decision} by {decidedBy}"
            : !string.IsNullOrEmpty(claimedBy) ? $"{decision} by {claimedBy}, the host says"
            : decision;
        return string.Join(", ", new[] { ended, decided }.Where(part => !string.IsNullOrEmpty(part)));
    }
}
