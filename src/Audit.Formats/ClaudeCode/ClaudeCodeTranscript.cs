using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// Lines of a transcript: what the assistant asks for, what it is given back, and what shows that a call runs. The
/// lines of a sub-agent stand in the progress of the call that started it, or in a file of their own.
/// </summary>
internal sealed class ClaudeCodeTranscript(CallMemory memory)
{
    private const string Channel = "transcript", OfLine = "line:";
    private const int Deepest = 8;

    private readonly HashSet<(string? Session, string Call)> begun = [];
    private (string? Session, string? From) forked;

    /// <returns>Whether it says something of a call.</returns>
    public bool Read(JsonElement happened, string type, string? session, IFormatSink sink)
    {
        if (type is "assistant" or "user" or "progress")
        {
            (session, sink) = HomeOf(happened, session, sink);
        }

        var agent = ClaudeCodeReader.AgentOf(happened);
        var parent = happened.Text("parent_tool_use_id") ?? memory.CallOfAgent(session, agent);
        return type == "progress"
            ? Progress(happened, session, sink)
            : Read(new Line(happened, type, session, agent, parent), sink);
    }

    /// <summary>The call shows for the first time that it runs.</summary>
    public void Begin(string channel, JsonElement happened, string? session, string call, IFormatSink sink)
    {
        memory.RememberBegun(session, call);
        if (begun.Count < CallLimits.Events && RoomFor.Ids(session, call) && !begun.Add((session, call)))
        {
            sink.Ignored("progress of a call that began");
            return;
        }

        var known = memory.Find(session, call);
        sink.Record(ClaudeCodeReader.RecordOf(
            channel, session, call, known?.Tool, new Outcome.Started(), known?.Input, known?.Input,
            happened.Time("timestamp")));
    }

    /// <summary>
    /// A session that was forked, or resumed under another id, repeats the lines of the one that it came from. They are
    /// of the session that told them first, so that no call stands in two: a copy says which line of which session it
    /// was, or has the same id as the line. The last one that is copied has another time.
    /// </summary>
    private (string? Session, IFormatSink Sink) HomeOf(JsonElement happened, string? session, IFormatSink sink)
    {
        var from = happened.ObjectMember("forkedFrom");
        var (own, parent) = (happened.Text("uuid"), from?.Text("sessionId"));
        var original = from?.Text("messageUuid") ?? own;
        var lines = new[] { original, own }.OfType<string>().Select(line => OfLine + line).Distinct().ToList();
        var home = lines.Select(line => memory.CallOfRequest(null, line)).FirstOrDefault(known => known is not null)
            ?? parent ?? session;
        if (home is not null && TellsOfCall(happened))
        {
            lines.ForEach(line => memory.RememberRequest(null, line, home));
        }

        if (parent is null)
        {
            return (home, sink);
        }

        if (forked != (session, parent))
        {
            forked = (session, parent);
            sink.Note(new DerivedNote(session, $"{ClaudeCodeReader.Format}:forked:{parent}", "forked",
                MadeJson.Of(json => json.WriteString("from", parent))));
        }

        return (home, new CopySink(sink));
    }

    private static bool TellsOfCall(JsonElement happened) => happened.Text("parentToolUseID") is not null
        || happened.ObjectMember("message")?.ArrayMember("content").Any(part => IsUse(part) || IsResult(part)) == true;

    private bool Progress(JsonElement happened, string? session, IFormatSink sink, int depth = 0)
    {
        var data = happened.ObjectMember("data");
        var call = happened.Text("parentToolUseID");
        var kind = data?.Text("type");
        // A hook's progress says that the hook runs, which the tool may not do for it.
        if (call is null || kind is null or "hook_progress" || depth == Deepest)
        {
            return false;
        }

        Begin(Channel, happened, session, call, sink);
        if (kind != "agent_progress" || data?.ObjectMember("message") is not { } message)
        {
            return true;
        }

        var agent = data.Value.Text("agentId") ?? ClaudeCodeReader.AgentOf(happened);
        if (agent is not null)
        {
            memory.RememberAgent(session, agent, call);
        }

        if (message.Text("type") is { } type)
        {
            _ = type == "progress"
                ? Progress(message, session, sink, depth + 1)
                : Read(new Line(message, type, session, agent, call) { Beside = happened }, sink);
        }

        return true;
    }

    private bool Read(Line line, IFormatSink sink)
    {
        var parts = line.Type is "assistant" or "user" && line.Happened.ObjectMember("message") is { } message
            ? message.ArrayMember("content").Where(part => IsUse(part) || IsResult(part)).ToList()
            : [];
        parts.ReadEach(sink, part => sink.Record(
            (IsUse(part) ? Request(part, line) : Settle(part, line, isAlone: parts.Count == 1)) with
            {
                Agent = line.Agent, Parent = line.Parent,
            }));
        return parts.Count > 0;
    }

    // Tools of the model's own server are called and answered within the assistant's message.
    private static bool IsUse(JsonElement part) =>
        part.Text("type")?.EndsWith("tool_use", StringComparison.Ordinal) == true;

    private static bool IsResult(JsonElement part) =>
        part.Text("type")?.EndsWith("tool_result", StringComparison.Ordinal) == true;

    private DerivedRecord Request(JsonElement use, Line line)
    {
        var (session, call) = (line.Session, use.RequireText("id", "message.content"));
        var tool = use.RequireText("name", "message.content");
        var input = use.Member("input");
        memory.Remember(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(ClaudeCodeReader.KeyOf(session, line.Agent, tool, given), call);
        }

        var record = ClaudeCodeReader.RecordOf(
            line.Channel, session, call, tool, new Outcome.Requested(), input, input, line.Time);
        return line.Happened.GetProperty("message").Text("model") is { } model
            ? record with { Record = record.Record with { Provenance = new Provenance("anthropic", model) } }
            : record;
    }

    private DerivedRecord Settle(JsonElement result, Line line, bool isAlone)
    {
        var (session, call) = (line.Session, result.RequireText("tool_use_id", "message.content"));
        var known = memory.Find(session, call);
        if (known?.Input is { } input)
        {
            memory.Close(ClaudeCodeReader.KeyOf(session, line.Agent, known.Tool, input), call);
        }

        var data = isAlone ? line.Member("toolUseResult") ?? line.Member("tool_use_result") : null;
        data = data is { ValueKind: JsonValueKind.String } ? null : data;
        if (data?.Text("agentId") is { } agent)
        {
            memory.RememberAgent(session, agent, call);
        }

        var content = result.Member("content");
        var isError = result.Flag("is_error")
            ?? content?.Text("type")?.EndsWith("_error", StringComparison.Ordinal) == true;
        var given = new ToolResult(!isError, TextOf(content))
        {
            Data = data, DurationMs = data?.Count("durationMs") ?? data?.Count("totalDurationMs"),
        };
        var (kind, feedback) = line.DenialOf(call, isError && isAlone);
        var outcome = ClaudeCodeOutcomes.Read(given, known?.Tool, kind, feedback, memory.HasBegun(session, call));
        var (tool, asked) = (known?.Tool, known?.Input);
        return ClaudeCodeReader.RecordOf(line.Channel, session, call, tool, outcome, asked, asked, line.Time);
    }

    /// <summary>Text alone, or a list of parts of which some are text.</summary>
    private static string TextOf(JsonElement? content) => content switch
    {
        null => "",
        { ValueKind: JsonValueKind.Array } parts =>
            string.Join('\n', parts.EnumerateArray().Select(part => part.Text("text")).OfType<string>()),
        { } other => other.AsText(),
    };

    /// <param name="Parent">The call in whose course it is said.</param>
    private sealed record Line(JsonElement Happened, string Type, string? Session, string? Agent, string? Parent)
    {
        /// <summary>The line of the file, where this one stands within it.</summary>
        public JsonElement? Beside { get; init; }

        public string? Time { get; } = Happened.Time("timestamp");

        public string Channel => Happened.Text("session_id") is not null && Happened.Text("sessionId") is null
            ? ClaudeCodeStream.Channel
            : ClaudeCodeTranscript.Channel;

        public JsonElement? Member(string name) => Happened.Member(name) ?? Beside?.Member(name);

        private string? TextOf(string name) => Happened.Text(name) ?? Beside?.Text(name);

        /// <summary>The word that says why a call did not run, and what the user said to it.</summary>
        /// <param name="isFailed">It failed, and no other call is spoken of.</param>
        public (string? Kind, string? Feedback) DenialOf(string call, bool isFailed)
        {
            var notes = Member("tool_result_meta") switch
            {
                { ValueKind: JsonValueKind.Array } all => all.EnumerateArray().Where(one => one.Text("id") == call),
                { ValueKind: JsonValueKind.Object } one when isFailed => [one],
                _ => [],
            };
            foreach (var note in notes)
            {
                return (note.Text("non_execution_kind"), note.Text("user_feedback"));
            }

            return isFailed ? (TextOf("toolDenialKind"), TextOf("userFeedback")) : default;
        }
    }
}
