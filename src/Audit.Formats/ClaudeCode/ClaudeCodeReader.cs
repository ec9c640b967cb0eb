using Audit.Formats.Correlation;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// What Claude Code says: payloads of its hooks, one a request or one a line, and the lines of its transcripts. Both
/// name a call by the same id, so that whoever sends both describes one call.
/// </summary>
internal sealed class ClaudeCodeReader(CallMemory memory, string? session) : IEventReader
{
    public const string Format = "claude-code";

    private readonly ClaudeCodeHooks hooks = new(memory);
    private readonly ClaudeCodeTranscript transcript = new(memory);

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var named = happened.Text("session_id") ?? happened.Text("sessionId") ?? session;
        if (happened.Text("hook_event_name") is { } hook)
        {
            hooks.Read(happened, hook, named, sink);
        }
        else if (happened.Text("type") is { } type)
        {
            transcript.Read(happened, type, named, sink);
        }
        else
        {
            throw new UnreadableException(
                "hook_event_name",
                "missing, and so is type; expected is the payload of a hook or a line of a transcript");
        }
    }

    /// <summary>What a call is known by to one who does not know its id.</summary>
    public static string KeyOf(string? session, JsonElement happened, string tool, JsonElement input) =>
        $"{session}|{happened.Text("agent_id")}|{tool}|{CanonicalJson.NameOf(input)}";

    /// <summary>Hooks and transcripts are two channels: each says what the other does not.</summary>
    public static DerivedRecord RecordOf(
        string channel, string? session, string call, string? tool, Outcome outcome, JsonElement? requested,
        JsonElement? effective, string? time) =>
        (DerivedRecord.Of(Format, session, call, tool, outcome, time) with { Channel = $"{Format} {channel}" })
            .With(requested, effective);
}
