namespace Audit.Formats.AgentCode;

/// <summary>
/// The event stream of the agent-code command line. It has no ids of calls and but one time, that of its start; so a
/// call is named by its turn, its tool and its place among the calls of that tool in that turn, and the stream must be
/// sent from its beginning. Results are taken in the order of the calls.
/// </summary>
internal sealed class AgentCodeReader(string? session) : IEventReader
{
    private const string Format = "agent-code";
    private const string Cancelled = "(cancelled)";
    private const string DeniedAtPrompt = "user denied at prompt";

    private static readonly Dictionary<string, string> NoteTypes = new()
    {
        ["session_start"] = "started", ["session_end"] = "ended", ["turn_start"] = "turn_started",
        ["turn_complete"] = "turn_ended", ["error"] = "error", ["warning"] = "warning",
    };

    private readonly AgentCodeCalls calls = new();
    private readonly Dictionary<string, int> notes = [];
    private string? session = session;
    private Timestamp? start;
    private string? model;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var type = happened.RequireText("type");
        Action<JsonElement, long, IFormatSink>? act = type switch
        {
            "tool_call" => Request,
            "permission_denied" => Deny,
            "tool_result" => Complete,
            _ => null,
        };
        if (type == "session_start")
        {
            Begin(happened);
        }

        if (act is not null)
        {
            act(happened, number, sink);
        }
        else if (NoteTypes.TryGetValue(type, out var note))
        {
            Note(note, happened, number, sink);
        }
        else
        {
            sink.Ignored(type);
        }
    }

    private void Begin(JsonElement happened)
    {
        session ??= happened.RequireText("session_id");
        model = happened.Text("model");
        start = happened.Time("timestamp") is { } text && Rfc3339.TryParse(text, out var time) ? time : null;
    }

    private void Request(JsonElement happened, long number, IFormatSink sink)
    {
        var (turn, tool) = Place(happened);
        Report(calls.Request(turn, tool, happened.Member("input")), new Outcome.Requested(), number, sink);
    }

    private void Deny(JsonElement happened, long number, IFormatSink sink)
    {
        var (turn, tool) = Place(happened);
        var reason = happened.RequireText("reason");
        var outcome = reason == DeniedAtPrompt
            ? new Outcome.Blocked(reason) { Decision = "denied-interactively-by-user", Source = "human_response" }
            : new Outcome.Blocked(reason) { Decision = "denied-by-rules", Source = "host_policy" };
        Report(calls.Deny(turn, tool), outcome, number, sink);
    }

    private void Complete(JsonElement happened, long number, IFormatSink sink)
    {
        var (turn, tool) = Place(happened);
        var isError = happened.RequireFlag("is_error");
        var output = happened.Member("output")?.AsText() ?? "";
        var call = calls.Settle(turn, tool);
        if (call.WasDenied && isError)
        {
            // It closes the call by saying again that it was denied; that is known already.
            sink.Ignored("tool_result of a denied call");
            return;
        }

        Outcome outcome = isError && output == Cancelled
            ? new Outcome.Cancelled(Cancelled)
            : new Outcome.Completed(new ToolResult(!isError, output));
        Report(call, outcome, number, sink);
    }

    private static (long Turn, string Tool) Place(JsonElement happened) =>
        (happened.Count("turn") ?? 0, happened.Text("tool") ?? "");

    private void Report(AgentCodeCall call, Outcome outcome, long number, IFormatSink sink)
    {
        var record = DerivedRecord.Of(Format, session, call.Id, call.Tool, outcome, TimeAt(number))
            .With(call.Input, call.Input, model is null ? null : new Provenance("", model));
        sink.Record(record with { IsTimeInferred = true, Record = record.Record with { Turn = call.Turn } });
    }

    private void Note(string type, JsonElement happened, long number, IFormatSink sink)
    {
        notes[type] = notes.GetValueOrDefault(type) + 1;
        sink.Note(new DerivedNote(session, $"{Format}:{type}:{notes[type]}", type, happened)
        {
            Time = TimeAt(number),
            IsTimeInferred = type != "started",
        });
    }

    /// <summary>The start of the stream and a nanosecond for each event, so that their order is kept.</summary>
    private string? TimeAt(long number) =>
        start is { } known ? Rfc3339.Format(known.AddNanoseconds(number - 1)) : null;
}
