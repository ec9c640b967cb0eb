using System.Text.Json.Nodes;
using Spectre.Console;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A session for a person: what is known of it, and a lane for every call.</summary>
internal static class SessionText
{
    private const int WidestBar = 40, NarrowBar = 20, NarrowestTerminal = 80, WideTerminal = 150, Deepest = 5;

    private static readonly string[] Head =
        ["at", "timeline", "call", "tool", "state", "waited", "ran", "window", "command", "parent"];

    /// <summary>What a narrow terminal has no room for; `-o json` has it.</summary>
    private static readonly string[] WideOnly = ["at", "waited", "ran", "window", "parent"];

    /// <summary>The session and its calls in one document.</summary>
    public static JsonElement Join(Answer<SessionAnswer> session, IReadOnlyList<Answer<CallAnswer>> calls)
    {
        var joined = JsonObject.Create(session.Document)!;
        joined["items"] = new JsonArray([.. calls.Select(call => (JsonNode?)JsonObject.Create(call.Document))]);
        return JsonSerializer.SerializeToElement(joined);
    }

    /// <param name="calls">The first one first.</param>
    public static void Write(Surroundings surroundings, SessionAnswer session, IReadOnlyList<CallAnswer> calls)
    {
        var page = new TextPage(surroundings);
        page.Title($"session {Cells.Of(session.SessionId)}");
        page.Line("in short", session.Sentence?.Text, isWhole: true);
        page.Line("agents", session.Agents);
        page.Line("tasks", session.Tasks);
        page.Line("source", session.Source);
        page.Line("reported by", session.ReportedBy);
        page.Line("linked with", session.Linked is { Count: > 0 } linked ? linked : null);
        page.Line("calls", $"{session.Calls}  {Cells.Of(session.States)}", isWhole: true);
        page.Line("violations", session.Violations > 0 ? session.Violations : null);
        page.Line("anomalies", session.Anomalies);
        page.Line("from", Cells.Clock(session.FirstAt));
        page.Line("until", Cells.Clock(session.LastAt));
        page.Line("complete", session.Completeness is { } known ? Completeness(known) : null, isWhole: true);
        surroundings.Out.WriteLine();
        WriteLanes(surroundings, calls);
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

    private static void WriteLanes(Surroundings surroundings, IReadOnlyList<CallAnswer> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        var tree = CallTree.Of(calls, call => call.ToolCallId, call => call.Parent);
        if (!surroundings.OutIsTerminal)
        {
            var widest = TimelineScale.Of(calls, WidestBar);
            Output.WriteTable(surroundings, Head, tree.Select(branch => Row(branch, widest.Bar(branch.Call), "")));
            return;
        }

        var console = surroundings.Out.ToAnsiConsole();
        console.Profile.Width = console.Profile.Width < NarrowestTerminal ? NarrowestTerminal : console.Profile.Width;
        var isWide = console.Profile.Width >= WideTerminal;
        var scale = TimelineScale.Of(calls, isWide ? WidestBar : NarrowBar);
        var shown = Enumerable.Range(0, Head.Length).Where(index => isWide || !WideOnly.Contains(Head[index])).ToList();
        var table = new Table { Border = TableBorder.Simple };
        foreach (var index in shown)
        {
            table.AddColumn(new TableColumn(new Text(Head[index])) { NoWrap = Head[index] is "timeline" or "at" });
        }

        foreach (var branch in tree)
        {
            var indent = branch.Depth == 0 ? "" : $"{new string(' ', 2 * Math.Min(branch.Depth - 1, Deepest))}└ ";
            var (row, style) = (Row(branch, scale.Bar(branch.Call), indent), ColourOf(branch.Call.State));
            table.AddRow(shown.Select(
                index => new Text(PrintableText.Of(row[index]), index is 1 or 4 ? style : Style.Plain)));
        }

        console.Write(table);
        surroundings.Out.WriteLine(
            $"{TimelineScale.Waiting} waiting  {TimelineScale.Running} running  "
            + $"{TimelineScale.Moment} at one moment  {TimelineScale.Open} still open");
    }

    private static string[] Row(Branch<CallAnswer> branch, string bar, string indent)
    {
        var call = branch.Call;
        return
        [
            Cells.Clock(call.FirstAt), bar, indent + Cells.Of(call.ToolCallId), Cells.Of(call.ToolName), State(call),
            Cells.Duration(call.WaitedMs), Cells.Duration(call.RanMs), Cells.Of(call.Judgement),
            Cells.Of(call.Command), Cells.Of(call.Parent),
        ];
    }

    private static string State(CallAnswer call) =>
        call.State + (call.Violations is > 0 and var count ? $" +{count} VIOLATION" : "");

    /// <summary>A colour for each state. It never stands alone: the state's name is beside it.</summary>
    private static Style ColourOf(string state) => new(state switch
    {
        "completed" => Color.Green,
        "cached" or "replayed" => Color.Teal,
        "blocked" or "persistence_failed" => Color.Red,
        "cancelled" or "invalidated" => Color.Grey,
        "awaiting_confirmation" => Color.Yellow,
        _ => Color.Blue,
    });
}
