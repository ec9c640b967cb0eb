using Audit.Formats.Correlation;

namespace Audit.Formats.Gemini;

/// <summary>
/// What Gemini CLI says: the chats that it records, whole or line by line, and payloads of its hooks. Hooks name no
/// call, so that a call is named after what it is to do and when; a chat has the model's ids, and no hook has them: one
/// of the two is sent, or every call stands there twice.
/// </summary>
internal sealed class GeminiReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "gemini";
    private const string Ended = "ended:";

    private static readonly Dictionary<string, string> NotesOfHooks = new()
    {
        ["SessionStart"] = "started", ["SessionEnd"] = "ended", ["BeforeAgent"] = "prompt",
        ["AfterAgent"] = "turn_ended", ["Notification"] = "permission_requested",
    };

    private readonly string? told = session;
    private string? session = session;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        if (happened.Text("hook_event_name") is { } hook)
        {
            ReadHook(happened, hook, happened.Text("session_id") ?? session, sink);
            return;
        }

        session = told ?? happened.Text("sessionId") ?? session;
        if (happened.Text("type") is { } type)
        {
            ReadMessage(happened, type, sink);
        }
        else if (happened.ObjectMember("$set") is { } changed)
        {
            ReadAll(changed, "$set", sink);
        }
        else if (happened.Text("$rewindTo") is { } message)
        {
            sink.Note(new DerivedNote(session, $"{Format}:rewound:{message}", "rewound", happened));
        }
        else if (happened.Text("sessionId") is { } id)
        {
            sink.Note(new DerivedNote(id, $"{Format}:started", "started", StartOf(happened))
            {
                Time = happened.Time("startTime"),
            });
            ReadAll(happened, null, sink);
        }
        else
        {
            throw new UnreadableException(
                "type", "missing; expected is a chat, a line of one, or the payload of a hook");
        }
    }

    /// <param name="ignored">What it is when it has no messages; null where it says something itself.</param>
    private void ReadAll(JsonElement chat, string? ignored, IFormatSink sink)
    {
        var messages = chat.ArrayMember("messages").ToList();
        if (messages.Count == 0 && ignored is not null)
        {
            sink.Ignored(ignored);
        }

        foreach (var message in messages)
        {
            ReadMessage(message, message.RequireText("type", "messages"), sink);
        }
    }

    private void ReadMessage(JsonElement message, string type, IFormatSink sink)
    {
        var calls = message.ArrayMember("toolCalls").ToList();
        calls.ReadEach(sink, call => ReadCall(call, message, sink));

        if (type == "error")
        {
            var id = message.Text("id") is { } known ? $"{Format}:error:{known}" : null;
            sink.Note(new DerivedNote(session, id, type, message) { Time = message.Time("timestamp") });
        }
        else if (calls.Count == 0)
        {
            sink.Ignored(type);
        }
    }

    private void ReadCall(JsonElement call, JsonElement message, IFormatSink sink)
    {
        var id = call.RequireText("id", "toolCalls");
        var status = call.RequireText("status", "toolCalls");
        var (input, time) = (call.Member("args"), call.Time("timestamp") ?? message.Time("timestamp"));
        var provenance = message.Text("model") is { } model ? new Provenance("google", model) : null;

        // A chat keeps how a call stands, and one that stands further was asked for before.
        Report(new Outcome.Requested(), message.Time("timestamp") ?? time);
        if (OutcomeOf(call, status) is { } outcome)
        {
            Report(outcome, time);
        }

        void Report(Outcome happened, string? at)
        {
            var record = DerivedRecord.Of(Format, session, id, call.Text("name"), happened, at)
                .With(input, input, provenance);
            sink.Record(record with
            {
                Agent = call.Text("agentId"),
                Record = record.Record with { DisplayName = call.Text("displayName") ?? "" },
            });
        }
    }

    /// <returns>Null where it was only asked for.</returns>
    private static Outcome? OutcomeOf(JsonElement call, string status)
    {
        var response = call.ArrayMember("result").Select(part => part.ObjectMember("functionResponse"))
            .OfType<JsonElement>().Select(part => part.ObjectMember("response")).OfType<JsonElement>().FirstOrDefault();
        var error = response.Text("error");
        var output = error ?? response.Text("output") ?? call.Member("resultDisplay")?.AsText() ?? "";
        return status switch
        {
            "success" => new Outcome.Completed(new ToolResult(true, output)),
            "error" when IsDenial(output) => new Outcome.Blocked(output)
            {
                Decision = "denied-by-rules", Source = Deciders.Policy,
            },
            "error" when output.StartsWith("Tool execution blocked: ", StringComparison.Ordinal) =>
                new Outcome.Blocked(output) { Decision = "denied-by-hook", Source = Deciders.Hook },
            "error" => new Outcome.Completed(new ToolResult(false, output)),
            "cancelled" when IsDenialOfUser(output) =>
                new Outcome.Blocked(output) { Decision = "denied-interactively-by-user", Source = Deciders.Human },
            "cancelled" => new Outcome.Cancelled(output.Length == 0 ? status : output),
            "awaiting_approval" => new Outcome.RequiresConfirmation(call.Text("description") ?? output, null),
            "executing" => new Outcome.Started(),
            "validating" or "scheduled" => null,
            _ => throw new UnreadableException(
                "toolCalls.status", $"\"{ShortText.Of(status, ShortText.Quoted)}\" is no status that is known"),
        };
    }

    private static bool IsDenial(string output) =>
        output.StartsWith("Tool execution denied by policy", StringComparison.Ordinal)
        || (output.StartsWith("Tool execution for \"", StringComparison.Ordinal)
            && output.Contains("\" denied by policy.", StringComparison.Ordinal));

    private static bool IsDenialOfUser(string output) =>
        output.Contains("User denied execution", StringComparison.Ordinal)
        || output.StartsWith("[Operation Cancelled] Reason: User did not allow tool call", StringComparison.Ordinal);

    private static JsonElement StartOf(JsonElement chat) => MadeJson.Of(json =>
    {
        foreach (var member in chat.EnumerateObject().Where(member => member.Name != "messages"))
        {
            member.WriteTo(json);
        }
    });

    private void ReadHook(JsonElement happened, string hook, string? named, IFormatSink sink)
    {
        var time = happened.Time("timestamp");
        if (hook is "BeforeTool" or "AfterTool")
        {
            var tool = happened.RequireText("tool_name");
            var input = happened.Member("tool_input");
            var key = $"{named}|{tool}|{(input is { } given ? CanonicalJson.NameOf(given) : "")}";
            var name = tool.Length <= 32 ? tool : CanonicalJson.NameOf(tool);
            var own = $"{name}-{CanonicalJson.NameOf($"{key}|{time}")}";
            var call = hook == "BeforeTool" ? Begin(named, key, own) : End(named, key, own);
            Outcome outcome = hook == "BeforeTool" ? new Outcome.Requested() : ResultOf(happened);
            sink.Record(DerivedRecord.Of(Format, named, call, tool, outcome, time).With(input, input));
            return;
        }

        if (!NotesOfHooks.TryGetValue(hook, out var note))
        {
            sink.Ignored(hook);
            return;
        }

        var id = time is null ? null : $"{Format}:{note}:{time}";
        sink.Note(new DerivedNote(named, id, note, happened) { Time = time });
    }

    /// <summary>What is sent again, and ended, is not open again.</summary>
    private string Begin(string? named, string key, string call)
    {
        if (memory.CallOfRequest(named, Ended + call) is null)
        {
            memory.Open(key, call);
        }

        return call;
    }

    /// <summary>The oldest call that is open and is to do the same; sent again, the one that it was before.</summary>
    private string End(string? named, string key, string own)
    {
        if (memory.CallOfRequest(named, own) is { } known)
        {
            return known;
        }

        var call = memory.Ask(key, out _) ?? own;
        memory.Close(key, call);
        memory.RememberRequest(named, own, call);
        memory.RememberRequest(named, Ended + call, call);
        return call;
    }

    private static Outcome.Completed ResultOf(JsonElement happened)
    {
        var response = happened.Member("tool_response");
        var error = response?.Member("error");
        var output = error?.Text("message") ?? error?.AsText() ?? response?.Member("llmContent").PartsText()
            ?? response?.AsText() ?? "";
        return new Outcome.Completed(new ToolResult(error is null, output));
    }
}
