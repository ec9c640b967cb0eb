using Audit.Formats.Correlation;

namespace Audit.Formats.Hosts;

/// <summary>
/// Payloads of Cursor's hooks. Those of tools name the call; those of shells, MCP servers and files, which are older,
/// do not, and are named after what the call is to do: two that are alike in one run of the agent are one. No times.
/// </summary>
internal sealed class CursorReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "cursor";

    private static readonly Dictionary<string, string> Notes = new()
    {
        ["sessionStart"] = "started", ["sessionEnd"] = "ended", ["beforeSubmitPrompt"] = "prompt",
        ["stop"] = "turn_ended", ["subagentStart"] = "subagent_started", ["subagentStop"] = "subagent_ended",
        ["preCompact"] = "compacted",
    };

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var hook = happened.RequireText("hook_event_name");
        if (char.IsUpper(hook[0]))
        {
            throw new UnreadableException("hook_event_name", "Cursor's hooks begin with a small letter");
        }

        var told = new CursorHook(
            session ?? happened.Text("conversation_id") ?? happened.Text("session_id"), happened, sink);
        switch (hook)
        {
            case "preToolUse":
                Report(told, happened.RequireText("tool_use_id"), ToolOf(happened), new Outcome.Requested());
                break;
            case "postToolUse":
                Report(told, happened.RequireText("tool_use_id"), ToolOf(happened), Done(happened, "tool_output"));
                break;
            case "postToolUseFailure":
                Report(told, happened.RequireText("tool_use_id"), ToolOf(happened), Failed(happened));
                break;
            case "beforeShellExecution" or "beforeMCPExecution":
                Begin(told, Named(happened));
                break;
            case "beforeReadFile":
                var path = happened.RequireText("file_path");
                Begin(told, ("read_file", MadeJson.Of(json => json.WriteString("file_path", path))));
                break;
            case "afterShellExecution":
                End(told, Named(happened), Done(happened, "output"));
                break;
            case "afterMCPExecution":
                End(told, Named(happened), Done(happened, "result_json"));
                break;
            case "afterFileEdit":
                var edited = ("edit_file", (JsonElement?)happened);
                End(told, edited, new Outcome.Completed(new ToolResult(true, happened.RequireText("file_path"))));
                break;
            default:
                Note(told, hook);
                break;
        }
    }

    private static (string Tool, JsonElement? Input) ToolOf(JsonElement happened) =>
        (happened.RequireText("tool_name"), happened.Member("tool_input"));

    private static (string Tool, JsonElement? Input) Named(JsonElement happened) =>
        happened.Text("tool_name") is { } tool ? (tool, happened.Arguments("tool_input"))
            : ("shell", MadeJson.Of(json => json.WriteString("command", happened.RequireText("command"))));

    private static Outcome Done(JsonElement happened, string output) =>
        new Outcome.Completed(new ToolResult(true, happened.Member(output).PartsText())
        {
            DurationMs = happened.Count("duration"),
        });

    /// <summary>What was denied did not run.</summary>
    private static Outcome Failed(JsonElement happened)
    {
        var why = happened.Text("error_message") ?? happened.Text("failure_type") ?? "failed";
        return happened.Text("failure_type") == "permission_denied"
            ? new Outcome.Blocked(why) { Decision = "permission_denied" }
            : new Outcome.Completed(new ToolResult(false, why) { DurationMs = happened.Count("duration") });
    }

    private static string KeyOf(CursorHook told, (string Tool, JsonElement? Input) call) =>
        $"{told.Session}|{told.Happened.Text("generation_id")}|{call.Tool}|"
        + (call.Input is { } input ? CanonicalJson.NameOf(input) : "");

    private void Begin(CursorHook told, (string Tool, JsonElement? Input) named)
    {
        var key = KeyOf(told, named);
        var call = $"{named.Tool}-{CanonicalJson.NameOf(key)}";
        memory.Open(key, call);
        Report(told, call, named, new Outcome.Requested());
    }

    private void End(CursorHook told, (string Tool, JsonElement? Input) named, Outcome outcome)
    {
        var key = KeyOf(told, named);
        var call = memory.Ask(key, out _) ?? $"{named.Tool}-{CanonicalJson.NameOf(key)}";
        Report(told, call, named, outcome);
    }

    private static void Report(
        CursorHook told, string call, (string Tool, JsonElement? Input) named, Outcome outcome)
    {
        var provenance = told.Happened.Text("model") is { } model ? new Provenance("", model) : null;
        told.Sink.Record(DerivedRecord.Of(Format, told.Session, call, named.Tool, outcome, null)
            .With(named.Input, named.Input, provenance));
    }

    private static void Note(CursorHook told, string hook)
    {
        if (!Notes.TryGetValue(hook, out var note))
        {
            told.Sink.Ignored(hook);
            return;
        }

        var content = CanonicalJson.NameOf(told.Happened);
        told.Sink.Note(new DerivedNote(told.Session, $"{Format}:{note}", note, told.Happened) { DerivedOf = content });
    }

    private readonly record struct CursorHook(string? Session, JsonElement Happened, IFormatSink Sink);
}

/// <summary>
/// Events of Google's Agent Development Kit, as its sessions keep them: the model's calls of functions and their
/// responses. They name the agent, and no session.
/// </summary>
internal sealed class AdkReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "adk";
    private const string Asking = "adk_request_confirmation", Asked = "asked:";
    private const string Waits = "This tool call requires confirmation, please approve or reject.";
    private const string Rejected = "This tool call is rejected.";

    private readonly string? told = session;
    private string? session = session;

    public static bool IsEvent(JsonElement happened) =>
        (happened.Text("invocationId") ?? happened.Text("invocation_id")) is not null
        && happened.Text("author") is not null;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var events = happened.ArrayMember("events").ToList();
        if (events.Count > 0)
        {
            // A session that is kept as a whole names itself beside its events.
            session = told ?? happened.Text("id") ?? happened.Text("session_id") ?? session;
            events.ReadEach(sink, one => ReadEvent(one, sink));
        }
        else
        {
            ReadEvent(happened, sink);
        }
    }

    private void ReadEvent(JsonElement happened, IFormatSink sink)
    {
        if ((happened.Text("invocationId") ?? happened.Text("invocation_id")) is null)
        {
            throw new UnreadableException("invocationId", "missing; expected is an event of a session");
        }

        var parts = happened.ObjectMember("content")?.ArrayMember("parts").ToList() ?? [];
        var seconds = happened.Fraction("timestamp");
        var time = seconds is > 0 and < 253_402_300_800
            ? Rfc3339.Format(Timestamp.From(DateTimeOffset.UnixEpoch.AddSeconds(seconds.Value))) : null;
        var has = false;
        parts.ReadEach(sink, part =>
        {
            var before = has;
            has = true;
            has = ReadPart(part, happened, time, sink) || before;
        });
        if (!has)
        {
            sink.Ignored(happened.Text("author") ?? "event");
        }
    }

    private bool ReadPart(JsonElement part, JsonElement happened, string? time, IFormatSink sink)
    {
        if ((part.ObjectMember("functionCall") ?? part.ObjectMember("function_call")) is { } asked)
        {
            var (call, tool) = (asked.RequireText("id", "functionCall"), asked.RequireText("name", "functionCall"));
            var input = asked.Member("args");
            if (tool == Asking && Ask(call, input, time, happened, sink))
            {
                return true;
            }

            memory.Remember(session, call, tool, input);
            sink.Record(DerivedRecord.Of(Format, session, call, tool, new Outcome.Requested(), time)
                .With(input, input) with { Agent = happened.Text("author") });
            return true;
        }

        if ((part.ObjectMember("functionResponse") ?? part.ObjectMember("function_response")) is not { } answer)
        {
            return false;
        }

        var id = answer.RequireText("id", "functionResponse");
        var response = answer.Member("response");
        if (answer.Text("name") == Asking)
        {
            Decide(id, response, time, happened, sink);
            return true;
        }

        var error = response?.Text("error");
        if ((error == Waits && memory.CallOfRequest(session, Asked + id) is not null)
            || (error == Rejected && memory.HasDecision(session, id)))
        {
            sink.Ignored(error);
            return true;
        }

        Outcome outcome = error switch
        {
            Waits => new Outcome.RequiresConfirmation(error, null),
            Rejected => new Outcome.Blocked(error) { Decision = "rejected" },
            _ => new Outcome.Completed(new ToolResult(
                error is null, error ?? response?.Text("result") ?? response?.AsText() ?? "") { Data = response }),
        };
        Report(id, answer.Text("name"), outcome, time, happened.Text("author"), null, sink);
        return true;
    }

    /// <summary>The question whether a call may run has the shape of a call, and is none.</summary>
    private bool Ask(string question, JsonElement? asked, string? time, JsonElement happened, IFormatSink sink)
    {
        var about = asked?.ObjectMember("originalFunctionCall") ?? asked?.ObjectMember("original_function_call");
        if (about?.Text("id") is not { } call)
        {
            return false;
        }

        memory.RememberRequest(session, question, call);
        memory.RememberRequest(session, Asked + call, question);
        var told = asked?.ObjectMember("toolConfirmation") ?? asked?.ObjectMember("tool_confirmation");
        var outcome = new Outcome.RequiresConfirmation(told?.Text("hint") ?? Waits, null) { Permission = asked };
        Report(call, about.Value.Text("name"), outcome, time, happened.Text("author"), question, sink);
        return true;
    }

    private void Decide(string question, JsonElement? response, string? time, JsonElement happened, IFormatSink sink)
    {
        // Its user interface sends the answer as a text that holds it.
        var answer = response?.Text("response")?.AsObject() ?? response;
        if (memory.CallOfRequest(session, question) is not { } call)
        {
            sink.Note(new DerivedNote(session, $"{Format}:permission_completed:{question}", "permission_completed",
                happened) { Time = time });
            return;
        }

        var approves = (answer ?? default).RequireFlag("confirmed", "functionResponse.response");
        memory.RememberDecision(session, call);
        Outcome outcome = approves
            ? new Outcome.Approved("approved") { Source = Deciders.Human, By = Deciders.Of(Deciders.Human) }
            : new Outcome.Blocked("rejected by the user")
            {
                Decision = "denied-interactively-by-user", Source = Deciders.Human, By = Deciders.Of(Deciders.Human),
            };
        Report(call, null, outcome, time, null, question, sink);
    }

    private void Report(
        string call, string? tool, Outcome outcome, string? time, string? agent, string? part, IFormatSink sink)
    {
        var known = memory.Find(session, call);
        sink.Record(DerivedRecord.Of(Format, session, call, tool ?? known?.Tool, outcome, time, part)
            .With(known?.Input, known?.Input) with { Agent = agent });
    }
}

/// <summary>
/// What the closure of the Laravel SDK sees and answers: `request` as it came, `invocation` with the session, and the
/// `decision` it returned, if it has. Neither has an id of its own, so that the request's content stands for one.
/// </summary>
internal sealed class LaravelReader : IEventReader
{
    private const string Format = "laravel";

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var request = happened.RequireObject("request");
        var kind = request.RequireText("kind", "request");
        var session = happened.ObjectMember("invocation")?.Text("sessionId");
        var time = happened.Time("at");
        var answer = happened.Member("decision") is { } decision
            ? PermissionAnswer.Read(decision, "decision", null)
            : null;
        var content = CanonicalJson.NameOf(request);
        if (request.Text("toolCallId") is not { } call)
        {
            // Some requests concern no call of a tool, and still were made and answered.
            var id = $"{Format}:{(answer is null ? "asked" : "answered")}";
            sink.Note(new DerivedNote(session, id, "permission", happened) { Time = time, DerivedOf = content });
            return;
        }

        var asked = new Outcome.RequiresConfirmation(DescriptionOf(request, kind), null) { Permission = request };
        sink.Record(RecordOf(session, call, kind, asked, time, content));
        if (answer is not null)
        {
            sink.Record(RecordOf(session, call, kind, answer, time, content));
        }
    }

    // A kind of request is no name of a tool, by which windows and other streams would know the call.
    private static DerivedRecord RecordOf(
        string? session, string call, string kind, Outcome outcome, string? time, string content)
    {
        var record = DerivedRecord.Of(Format, session, call, null, outcome, time);
        return record with { DerivedOf = content, Record = record.Record with { DisplayName = kind } };
    }

    private static string DescriptionOf(JsonElement request, string kind) =>
        request.Text("intention") ?? request.Text("fullCommandText") ?? request.Text("path") ?? request.Text("url")
        ?? request.Text("toolName") ?? kind;
}
