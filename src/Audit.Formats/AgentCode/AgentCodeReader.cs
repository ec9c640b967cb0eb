using Audit.Formats.Correlation;

namespace Audit.Formats.AgentCode;

/// <summary>
/// The event stream of the agent-code command line. It has no ids of calls and but one time, that of its start; so a
/// call is named by its turn, its tool and its place among the calls of that tool in that turn, and the stream must be
/// sent from its beginning. Results are taken in the order of the calls, and say where that is a guess. The events of
/// its server (`serve`) name a tool's call by the tool alone.
/// </summary>
internal sealed class AgentCodeReader(string? session) : IEventReader
{
    private const string Format = "agent-code";
    private const string Cancelled = "(cancelled)";
    private const string DeniedAtPrompt = "user denied at prompt", DeniedByUser = "Permission denied by user",
        Denied = "Permission denied: ", Vetoed = "Blocked by pre-tool-use hook: ",
        PlanMode = "Plan mode active: only read-only tools are allowed.",
        TargetChanged = "Permission target changed after approval", InvalidAtStart = "rejected at validation: ";

    /// <summary>Stands behind what a command wrote that ran, whatever it wrote.</summary>
    private const string ExitCode = "\n\nExit code: ";

    private static readonly string[] NotFound = ["Tool '", "' not found"];

    private static readonly Dictionary<string, string> NoteTypes = new()
    {
        ["session_start"] = "started", ["session_end"] = "ended", ["turn_start"] = "turn_started",
        ["turn_complete"] = "turn_ended", ["error"] = "error", ["warning"] = "warning",
        ["done"] = "turn_ended",
    };

    private readonly bool isTold = session is not null;
    private AgentCodeCalls calls = new();
    private readonly Dictionary<string, int> notes = [];
    private string? session = session;
    private (string? Session, string? Time) begun;
    private Timestamp? start;
    private long first = 1;
    private string? model;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var type = happened.RequireText("type");
        Action<JsonElement, long, IFormatSink>? act = type switch
        {
            "tool_call" or "tool_start" => Request,
            "permission_denied" => Deny,
            "tool_result" => Complete,
            _ => null,
        };
        if (type == "session_start")
        {
            Begin(happened, number);
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

    private void Begin(JsonElement happened, long number)
    {
        var (before, named) = (begun, isTold ? happened.Text("session_id") : happened.RequireText("session_id"));
        begun = (named, happened.Time("timestamp"));
        if (before.Session is not null && (before == begun || (!isTold && before.Session != named)))
        {
            // The stream of another session, or the same again: its lines are counted from the first.
            calls = new AgentCodeCalls();
            notes.Clear();
            first = number;
        }

        session = isTold ? session : named;
        model = happened.Text("model");
        start = Rfc3339.TryParse(begun.Time ?? "", out var time) ? time : null;
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
        if (reason.Contains(ExitCode, StringComparison.Ordinal))
        {
            // The host tells it by how the result begins, and this one is of a command that ran.
            sink.Ignored("permission_denied of a command that ran");
            return;
        }

        Report(calls.Deny(turn, tool), RefusalOf(reason), number, sink);
    }

    private void Complete(JsonElement happened, long number, IFormatSink sink)
    {
        var (turn, tool) = Place(happened);
        var isError = happened.RequireFlag("is_error");
        var output = (happened.Member("output") ?? happened.Member("content"))?.AsText() ?? "";
        var isOfServer = !happened.TryGetProperty("tool", out _);
        if (isOfServer && !calls.IsOpen(turn, tool))
        {
            throw new UnreadableException("name", $"no call of \"{ShortText.Of(tool, ShortText.Quoted)}\" is open");
        }

        var call = calls.Settle(turn, tool);
        if (call.WasDenied && isError)
        {
            // It closes the call by saying again that it was denied; that is known already.
            sink.Ignored("tool_result of a denied call");
            return;
        }

        var outcome = isError ? FailureOf(output, isOfServer) : new Outcome.Completed(new ToolResult(true, output));
        Report(call, outcome, number, sink);
    }

    /// <summary>What was refused, and what never ran, comes as a result that failed.</summary>
    /// <param name="isOfServer">No event of its own says before it that permission was denied.</param>
    private static Outcome FailureOf(string output, bool isOfServer) => output switch
    {
        _ when output.Contains(ExitCode, StringComparison.Ordinal) =>
            new Outcome.Completed(new ToolResult(false, output)),
        Cancelled => new Outcome.Cancelled(Cancelled),
        DeniedByUser => RefusalOf(DeniedAtPrompt),
        _ when isOfServer && Begins(output, Denied) && !output.Contains("(os error ", StringComparison.Ordinal) =>
            RefusalOf(output[Denied.Length..]),
        _ when Begins(output, Vetoed) => Refuse(output[Vetoed.Length..], "denied-by-hook", Deciders.Hook),
        _ when Begins(output, PlanMode) => Refuse(output, "denied-by-rules", Deciders.Policy),
        _ when Begins(output, TargetChanged) => Refuse(output, "denied-by-rules", Deciders.Policy),
        _ when Begins(output, NotFound[0]) && output.EndsWith(NotFound[1], StringComparison.Ordinal) =>
            new Outcome.Invalidated(output),
        _ => new Outcome.Completed(new ToolResult(false, output)),
    };

    private static Outcome RefusalOf(string reason) =>
        reason == DeniedAtPrompt ? Refuse(reason, "denied-interactively-by-user", Deciders.Human)
        : Begins(reason, InvalidAtStart) ? new Outcome.Invalidated(reason)
        : Refuse(reason, "denied-by-rules", Deciders.Policy);

    private static Outcome.Blocked Refuse(string reason, string decision, string source) =>
        new(reason) { Decision = decision, Source = source, By = Deciders.Of(source) };

    private static bool Begins(string text, string start) => text.StartsWith(start, StringComparison.Ordinal);

    private static (long Turn, string Tool) Place(JsonElement happened) =>
        (happened.Count("turn") ?? 0, happened.Text("tool") ?? ToolOfServer(happened));

    /// <summary>A tool that ended in a panic has an empty name; one that is not named at all is unknown.</summary>
    private static string ToolOfServer(JsonElement happened) =>
        happened.TryGetProperty("tool", out _) ? "" : happened.RequireText("name");

    private void Report(AgentCodeCall call, Outcome outcome, long number, IFormatSink sink)
    {
        var record = DerivedRecord.Of(Format, session, call.Id, call.Tool, outcome, TimeAt(number))
            .With(call.Input, call.Input, model is null ? null : new Provenance("", model));
        record = record with { IsTimeInferred = true, Record = record.Record with { Turn = call.Turn } };
        sink.Record(call.IsGuess ? record.Guessed() : record);
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
        start is { } known ? Rfc3339.Format(known.AddNanoseconds(number - first)) : null;
}

/// <summary>
/// Names the calls of one stream: the first result of a tool in a turn belongs to the first call of it there. Results
/// come in three rows, of what ran while the model still spoke, of what was vetoed, and of the rest; so where several
/// calls of a tool are open at once, that is a guess, for all of them until none is open.
/// </summary>
internal sealed class AgentCodeCalls
{
    private const int LongestTool = 48, MostKinds = 65_536, MostOpen = 1024, LongestInput = 64 << 10;

    /// <summary>Of the inputs of calls that are open.</summary>
    private const long MostInputs = 8 << 20;

    private readonly Dictionary<(long Turn, string Tool), Counted> counts = [];
    private long inputs;

    public AgentCodeCall Request(long turn, string tool, JsonElement? input)
    {
        var counted = Of(turn, tool);
        counted.Requested++;
        // The order is what joins them; an input that would take too much room is not repeated with the result.
        var size = RoomFor.BytesOf(input);
        var isKept = counted.Inputs.Count < MostOpen && size <= LongestInput && inputs + size <= MostInputs;
        inputs += isKept ? size : 0;
        counted.Inputs.Enqueue(isKept ? input?.Clone() : null);
        counted.IsGuess |= counted.Inputs.Count > 1;
        return new AgentCodeCall(IdOf(turn, tool, counted.Requested), turn, tool, input);
    }

    /// <summary>The denial comes right before the result of the same call.</summary>
    public AgentCodeCall Deny(long turn, string tool)
    {
        var counted = Of(turn, tool);
        counted.IsNextDenied = true;
        counted.Inputs.TryPeek(out var input);
        return new AgentCodeCall(IdOf(turn, tool, counted.Settled + 1), turn, tool, input)
        {
            IsGuess = counted.IsGuess,
        };
    }

    public AgentCodeCall Settle(long turn, string tool)
    {
        var counted = Of(turn, tool);
        counted.Settled++;
        var wasDenied = counted.IsNextDenied;
        counted.IsNextDenied = false;
        var isGuess = counted.IsGuess;
        counted.Inputs.TryDequeue(out var input);
        inputs -= RoomFor.BytesOf(input);
        counted.IsGuess &= counted.Inputs.Count > 0;
        return new AgentCodeCall(IdOf(turn, tool, counted.Settled), turn, tool, input)
        {
            WasDenied = wasDenied, IsGuess = isGuess,
        };
    }

    public bool IsOpen(long turn, string tool) => Of(turn, tool).Inputs.Count > 0;

    private Counted Of(long turn, string tool)
    {
        if (!counts.TryGetValue((turn, tool), out var counted))
        {
            if (counts.Count == MostKinds || !RoomFor.Ids(tool))
            {
                throw new UnreadableException(
                    "tool", $"a stream of more than {MostKinds} kinds of calls, or with longer names, is not followed");
            }

            counts[(turn, tool)] = counted = new Counted();
        }

        return counted;
    }

    private static string IdOf(long turn, string tool, int ordinal)
    {
        var name = Encoding.UTF8.GetByteCount(tool) <= LongestTool ? tool : CanonicalJson.NameOf(tool);
        return string.Create(CultureInfo.InvariantCulture, $"turn-{turn}-{name}-{ordinal}");
    }

    private sealed class Counted
    {
        public Queue<JsonElement?> Inputs { get; } = new();

        public int Requested { get; set; }

        public int Settled { get; set; }

        public bool IsNextDenied { get; set; }

        public bool IsGuess { get; set; }
    }
}

/// <summary>A call of the stream by the name that it was given.</summary>
internal sealed record AgentCodeCall(string Id, long Turn, string Tool, JsonElement? Input)
{
    public bool WasDenied { get; init; }

    /// <summary>It may be another call of this tool in this turn.</summary>
    public bool IsGuess { get; init; }
}
