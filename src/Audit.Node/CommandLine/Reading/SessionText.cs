using System.Text.Json.Nodes;
using Spectre.Console;

namespace Audit.Node.CommandLine.Reading;

/// <summary>A session for a person: what is known of it, and a lane for every call.</summary>
internal static class SessionText
{
    private const int WidestBar = 40;
    private const int NarrowBar = 20;
    private const int NarrowestTerminal = 80;
    private const int WideTerminal = 150;

    private static readonly string[] Head =
        ["at", "timeline", "call", "tool", "state", "waited", "ran", "window", "command"];

    /// <summary>What a narrow terminal has no room for; `-o json` has it.</summary>
    private static readonly string[] WideOnly = ["at", "waited", "ran", "window"];

    /// <summary>The session and its calls in one document.</summary>
    public static JsonElement Join(JsonElement session, IReadOnlyList<JsonElement> calls)
    {
        var joined = JsonObject.Create(session)!;
        joined["items"] = new JsonArray([.. calls.Select(call => (JsonNode?)JsonObject.Create(call))]);
        return JsonSerializer.SerializeToElement(joined);
    }

    public static void Write(Surroundings surroundings, JsonElement session, List<JsonElement> calls)
    {
        var page = new TextPage(surroundings);
        page.Title($"session {session.Cell("session_id")}");
        page.Line("agents", session.Cell("agents"));
        page.Line("tasks", session.Cell("tasks"));
        page.Line("hosts", session.Cell("hosts"));
        page.Line("calls", $"{session.Cell("calls")}  {session.Cell("states")}");
        page.Line("violations", session.NumberAt("violations") > 0 ? session.Cell("violations") : "");
        page.Line("anomalies", session.Cell("anomalies"));
        page.Line("from", session.ClockAt("first_at"));
        page.Line("until", session.ClockAt("last_at"));
        page.Line("told whole", Completeness(session.GetProperty("completeness")));
        surroundings.Out.WriteLine();
        calls.Reverse();
        WriteLanes(surroundings, calls);
    }

    private static string Completeness(JsonElement verdict)
    {
        if (verdict.GetProperty("complete").GetBoolean())
        {
            return "yes";
        }

        var speaks = new List<string>();
        Add(verdict.NumberAt("missing_messages"), "messages are missing");
        Add(verdict.NumberAt("open_after_end"), "calls are open after its end");
        Add(verdict.NumberAt("reported_late"), "messages came more than five minutes late");
        return $"no: {string.Join("; ", speaks)}";

        void Add(long count, string what)
        {
            if (count > 0)
            {
                speaks.Add($"{count} {what}");
            }
        }
    }

    private static void WriteLanes(Surroundings surroundings, List<JsonElement> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        if (!surroundings.OutIsTerminal)
        {
            var widest = TimelineScale.Of(calls, WidestBar);
            Output.WriteTable(surroundings, Head, calls.Select(call => Row(call, widest.Bar(call))));
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

        foreach (var call in calls)
        {
            var (row, style) = (Row(call, scale.Bar(call)), ColourOf(call.Cell("state")));
            table.AddRow(shown.Select(
                index => new Text(PrintableText.Of(row[index]), index is 1 or 4 ? style : Style.Plain)));
        }

        console.Write(table);
        surroundings.Out.WriteLine(
            $"{TimelineScale.Waiting} waiting  {TimelineScale.Running} running  "
            + $"{TimelineScale.Moment} at one moment  {TimelineScale.Open} still open");
    }

    private static string[] Row(JsonElement call, string bar) =>
    [
        call.ClockAt("first_at"), bar, call.Cell("tool_call_id"), call.Cell("tool_name"), State(call),
        call.DurationAt("waited_ms"), call.DurationAt("ran_ms"), call.Cell("judgement"), call.Cell("command"),
    ];

    private static string State(JsonElement call) =>
        call.Cell("state") + (call.NumberAt("violations") is > 0 and var count ? $" +{count} VIOLATION" : "");

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
