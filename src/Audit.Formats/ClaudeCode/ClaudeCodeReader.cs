using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// What Claude Code says: payloads of its hooks, one a request or one a line, the lines of its transcripts, and those
/// of its stream (`--output-format stream-json`). All name a call by the same id, so that whoever sends several
/// describes one call.
/// </summary>
internal sealed class ClaudeCodeReader : IEventReader
{
    public const string Format = "claude-code";

    private readonly ClaudeCodeHooks hooks;
    private readonly ClaudeCodeTranscript transcript;
    private readonly ClaudeCodeStream stream;
    private readonly string? session;
    private string? latest;
    private string? dated;
    private long sinceDated;

    public ClaudeCodeReader(CallMemory memory, string? session)
    {
        this.session = session;
        hooks = new ClaudeCodeHooks(memory);
        transcript = new ClaudeCodeTranscript(memory);
        stream = new ClaudeCodeStream(memory, transcript);
    }

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var named = happened.Text("session_id") ?? happened.Text("sessionId");
        latest = named ?? latest;
        named ??= session ?? latest;
        if (happened.Text("hook_event_name") is { } hook)
        {
            hooks.Read(happened, hook, named, sink);
        }
        else if (happened.Text("type") is { } type)
        {
            var told = happened.Time("timestamp");
            (dated, sinceDated) = told is null ? (dated, sinceDated + 1) : (told, 0);
            // The list of what was denied, in the result, speaks of what was long before.
            var timed = told is null && type != "result" && Rfc3339.TryParse(dated ?? "", out var time)
                ? new DatedByNeighbour(sink, Rfc3339.Format(time.AddNanoseconds(sinceDated)))
                : sink;
            if (!transcript.Read(happened, type, named, timed) && !stream.Read(happened, type, named, timed))
            {
                sink.Ignored(KindOf(happened, type));
            }
        }
        else
        {
            throw new UnreadableException(
                "hook_event_name",
                "missing, and so is type; expected is the payload of a hook, or a line of a transcript or a stream");
        }
    }

    /// <summary>What a call is known by to one who does not know its id.</summary>
    public static string KeyOf(string? session, string? agent, string tool, JsonElement input) =>
        $"{session}|{agent}|{tool}|{CanonicalJson.NameOf(input)}";

    /// <summary>The sub-agent that speaks; null for the agent itself.</summary>
    public static string? AgentOf(JsonElement happened) => happened.Text("agent_id") ?? happened.Text("agentId");

    /// <summary>
    /// Hooks, transcripts and streams are channels: each says what others do not. A refusal and its being too late for
    /// one are two readings of the same words, known again by the same id.
    /// </summary>
    public static DerivedRecord RecordOf(
        string channel, string? session, string call, string? tool, Outcome outcome, JsonElement? requested,
        JsonElement? effective, string? time)
    {
        var record = DerivedRecord.Of(Format, session, call, tool, outcome, time) with
        {
            Channel = $"{Format} {channel}",
        };
        return (outcome is Outcome.Cancelled
                ? record with { DerivedId = $"{Format}:{call}:{Words.Of(MessageKind.Blocked)}" }
                : record)
            .With(requested, effective);
    }

    private static string KindOf(JsonElement happened, string type) =>
        (type == "progress" ? happened.ObjectMember("data")?.Text("type") : happened.Text("subtype")) is { } kind
            ? $"{type} {kind}"
            : type;

    /// <summary>Some lines of a stream have no time: they come right after the last one that has.</summary>
    private sealed class DatedByNeighbour(IFormatSink sink, string time) : IFormatSink
    {
        public void Record(DerivedRecord record) =>
            sink.Record(record.Time is null ? record with { Time = time, IsTimeInferred = true } : record);

        public void Note(DerivedNote note) =>
            sink.Note(note.Time is null ? note with { Time = time, IsTimeInferred = true } : note);

        public void Item(ReadOnlySpan<byte> item) => sink.Item(item);

        public void Ignored(string type) => sink.Ignored(type);

        public void Invalid(string sentence) => sink.Invalid(sentence);
    }
}
