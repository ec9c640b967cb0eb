using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>The session events of the Copilot SDK and command line, JSONL.</summary>
internal sealed class CopilotReader(CallMemory memory, string? session) : IEventReader
{
    private readonly bool isTold = session is not null;
    private readonly CopilotCalls calls = new(memory);
    private readonly CopilotPermissions permissions = new(memory);
    private readonly CopilotHooks hooks = new(memory);
    private string? session = session;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var received = CopilotEvent.Read(happened);
        // Where ?session= names one, that is believed before the stream.
        // Where several streams are sent as one, each begins with its own.
        session = received.Type == "session.start" && !isTold ? received.SessionOfStream ?? session
            : session ?? received.SessionOfStream;

        var isUnderstood = calls.Read(received, session, sink) || permissions.Read(received, session, sink)
            || hooks.Read(received, session, sink) || CopilotNotes.Read(received, session, sink);
        if (!isUnderstood)
        {
            sink.Ignored(received.Type);
        }
    }
}

/// <summary>The envelope of a Copilot session event.</summary>
/// <param name="Agent">The sub-agent that it is about.</param>
internal readonly record struct CopilotEvent(string Type, string? Id, string? Time, JsonElement Data, string? Agent)
{
    public const string Format = "copilot";

    /// <summary>Other events name no session.</summary>
    public string? SessionOfStream =>
        Type is "session.start" or "external_tool.requested" or "result" ? Data.Text("sessionId") : null;

    public static CopilotEvent Read(JsonElement happened)
    {
        var type = happened.RequireText("type");
        // The last line that the command line program prints has its members beside the type.
        var data = type == "result" ? happened : happened.RequireObject("data");
        return new CopilotEvent(type, happened.Text("id"), happened.Time("timestamp"), data, happened.Text("agentId"));
    }

    /// <param name="id">By which it is known again; null for none.</param>
    public DerivedNote NoteOf(string? session, string type, string? id) =>
        new(session, id is null ? null : $"{Format}:{id}", type, Data) { Time = Time };

    /// <summary>The call that started the sub-agent which makes this one.</summary>
    public string? ParentOf(CallMemory memory, string? session, string call)
    {
        var parent = Data.Text("parentToolCallId") ?? memory.CallOfAgent(session, Agent);
        return parent == call ? null : parent;
    }

    public string Require(string name) => Data.RequireText(name, "data");
}
