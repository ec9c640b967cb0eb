using System.Text.Json.Nodes;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A session for a person: what is known of it, and a lane for every call.</summary>
internal static class SessionText
{
    private const int WidestBar = 40, NarrowBar = 20, ShortBar = 10, WideTerminal = 150, NarrowTerminal = 100;
    private const int Deepest = 5;

    /// <summary>The session and its calls in one document.</summary>
    public static JsonElement Join(Answer<SessionAnswer> session, IReadOnlyList<Answer<CallAnswer>> calls)
    {
        var joined = JsonObject.Create(session.Document)!;
        joined["items"] = new JsonArray([.. calls.Select(call => (JsonNode?)JsonObject.Create(call.Document))]);
        return JsonSerializer.SerializeToElement(joined);
    }

    /// <param name="calls">The newest of them, the first one first.</param>
    public static void Write(Surroundings surroundings, SessionAnswer session, IReadOnlyList<CallAnswer> calls)
    {
        WriteHead(surroundings, session);
        if (calls.Count > 0)
        {
            surroundings.Out.WriteLine();
            WriteLanes(surroundings, calls, session.Calls);
        }
    }

    public static void WriteHead(Surroundings surroundings, SessionAnswer session)
    {
        var page = new TextPage(surroundings);
        page.Title($"session {Cells.Of(session.SessionId)}");
        page.Line("in short", session.Sentence?.Text, isWhole: true);
        page.Line("agents", session.Agents);
        page.Line("tasks", session.Tasks);
        page.Line("source", session.Source);
        page.Line("reported by", session.ReportedBy);
        page.Line("linked with", session.Linked is { Count: > 0 } linked ? linked : null);
        page.Line("calls", $"{session.Calls}  {Cells.Of(session.States, surroundings.Times)}", isWhole: true);
        page.Line("violations", session.Violations > 0 ? session.Violations : null);
        page.Line("anomalies", session.Anomalies);
        page.Line("from", Cells.Clock(session.FirstAt));
        page.Line("until", Cells.Clock(session.LastAt));
        page.Line("archived", session.Archived, isWhole: true);
        page.Line("complete", session.Completeness is { } known ? Completeness(known) : null, isWhole: true);
    }

    private static string Completeness(CompletenessAnswer known)
    {
        var missing = new (long Count, string What)[]
        {
            (known.MissingMessages, "messages are missing"),
            (known.OpenAfterEnd, "calls are open after its end"),
            (known.ReportedLate, "messages came more than five minutes late"),
        };
        var reasons = missing.Where(one => one.Count > 0).Select(one => $"{one.Count} {one.What}");
        return known.Complete ? "yes" : $"no: {string.Join("; ", reasons)}";
    }

    private static void WriteLanes(Surroundings surroundings, IReadOnlyList<CallAnswer> calls, int all)
    {
        var isTerminal = surroundings.OutIsTerminal;
        var scale = TimelineScale.Of(
            calls, !isTerminal || surroundings.IsWide || surroundings.Width >= WideTerminal ? WidestBar
            : surroundings.Width >= NarrowTerminal ? NarrowBar : ShortBar);
        var leftOut = Output.WriteTable(
            surroundings, Lanes(scale, isTerminal), CallTree.Of(calls, call => call.ToolCallId, call => call.Parent));
        if (isTerminal && !leftOut.Contains("timeline"))
        {
            surroundings.Out.WriteLine(
                $"{TimelineScale.Waiting} waiting  {TimelineScale.Running} running  "
                + $"{TimelineScale.Moment} at one moment  {TimelineScale.Open} still open");
        }

        Output.WriteFoot(surroundings, leftOut, calls.Count == all ? null
            : $"newest {Cells.Number(calls.Count)} of {Cells.Number(all)} calls, --limit {all} shows all");
    }

    private static Column<Branch<CallAnswer>>[] Lanes(TimelineScale scale, bool isTree) =>
    [
        new("at", branch => Cells.Clock(branch.Call.FirstAt), Rank: 4) { IsRigid = true },
        new("timeline", branch => scale.Bar(branch.Call), Rank: 3, Colour: ColourOf) { IsRigid = true },
        new("call", branch => (isTree ? Indent(branch) : "") + Cells.Of(branch.Call.ToolCallId)) { Least = 20 },
        new("tool", branch => branch.Call.ToolName, Rank: 2),
        new("state", State, IsWhole: true, Colour: ColourOf) { Least = 24 },
        new("waited", branch => Cells.Duration(branch.Call.WaitedMs), Rank: 6),
        new("ran", branch => Cells.Duration(branch.Call.RanMs), Rank: 5),
        new(
            "window", branch => branch.Call.Judgement,
            Colour: branch => branch.Call.Judgement is "in_window" or "no_task" ? Ansi.Faint : Ansi.Red)
        { IsRigid = true },
        new("command", branch => branch.Call.Command), new("parent", branch => branch.Call.Parent, Rank: 7),
    ];

    private static string Indent(Branch<CallAnswer> branch) =>
        branch.Depth == 0 ? "" : $"{new string(' ', 2 * Math.Min(branch.Depth - 1, Deepest))}└ ";

    private static string State(Branch<CallAnswer> branch) =>
        CallColumns.State(branch.Call.State, branch.Call.Success)
        + (branch.Call.Violations is > 0 and var count ? $" +{count} VIOLATION" : "");

    private static string? ColourOf(Branch<CallAnswer> branch) => branch.Call.Violations > 0 ? Ansi.Loud
        : CallColumns.Colour(branch.Call.State, branch.Call.Success);
}

/// <summary>Where in a lane of text the times of a call lie.</summary>
internal sealed class TimelineScale
{
    public const char Waiting = '░', Running = '█', Moment = '|', Open = '>';

    private readonly DateTimeOffset from;
    private readonly double ticksPerCell;
    private readonly int width;

    private TimelineScale(DateTimeOffset from, DateTimeOffset until, int width)
    {
        (this.from, this.width) = (from, width);
        ticksPerCell = Math.Max(1, (until - from).Ticks / (double)width);
    }

    public static TimelineScale Of(IReadOnlyList<CallAnswer> calls, int width)
    {
        var from = calls.Min(call => Cells.Time(call.FirstAt)) ?? DateTimeOffset.UnixEpoch;
        var until = calls.Max(call => Cells.Time(call.LastAt)) ?? from;
        return new TimelineScale(from, until, width);
    }

    /// <summary>A lane: waiting from the question to the decision, running up to the end.</summary>
    public string Bar(CallAnswer call)
    {
        var lane = new char[width];
        Array.Fill(lane, ' ');
        var (first, last) = (Cells.Time(call.FirstAt) ?? from, Cells.Time(call.LastAt) ?? from);
        var asked = Cells.Time(call.AskedAt);
        if (asked is { } question)
        {
            Fill(lane, question, Cells.Time(call.DecidedAt) ?? last, Waiting);
        }

        var ended = Cells.Time(call.SettledAt) ?? last;
        var started = Cells.Time(call.StartedAt)
            ?? (call.RanMs is > 0 and var ran ? ended.AddMilliseconds(-ran) : null);
        if (started is { } begin)
        {
            Fill(lane, begin, ended, Running);
        }
        else if (asked is null)
        {
            lane[CellOf(first)] = Moment;
        }

        if (call.State is "requested" or "awaiting_confirmation" or "approved" or "running")
        {
            lane[^1] = Open;
        }

        return new string(lane);
    }

    private void Fill(char[] lane, DateTimeOffset begin, DateTimeOffset end, char with) =>
        Array.Fill(lane, with, CellOf(begin), Math.Max(1, CellOf(end) - CellOf(begin) + 1));

    private int CellOf(DateTimeOffset time) => Math.Clamp((int)((time - from).Ticks / ticksPerCell), 0, width - 1);
}
