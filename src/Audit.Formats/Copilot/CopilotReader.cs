using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>The session events of the Copilot SDK and command line, JSONL.</summary>
internal sealed class CopilotReader(CallMemory memory, string? session) : IEventReader
{
    private readonly CopilotCalls calls = new(memory);
    private readonly CopilotPermissions permissions = new(memory);
    private readonly CopilotHooks hooks = new(memory);
    private string? session = session;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var received = CopilotEvent.Read(happened);
        if (received.Type is "session.start" or "external_tool.requested" or "result")
        {
            // Other events name no session. Where ?session= names one, that is believed before the stream.
            session ??= received.Data.Text("sessionId");
        }

        var isUnderstood = calls.Read(received, session, sink) || permissions.Read(received, session, sink)
            || hooks.Read(received, session, sink) || CopilotNotes.Read(received, session, sink);
        if (!isUnderstood)
        {
            sink.Ignored(received.Type);
        }
    }
}

/// <summary>The envelope of a Copilot session event.</summary>
internal readonly record struct CopilotEvent(string Type, string? Id, string? Time, JsonElement Data)
{
    public const string Format = "copilot";

    public static CopilotEvent Read(JsonElement happened)
    {
        var type = happened.RequireText("type");
        // The last line that the command line program prints has its members beside the type.
        var data = type == "result" ? happened : happened.RequireObject("data");
        return new CopilotEvent(type, happened.Text("id"), happened.Time("timestamp"), data);
    }

    /// <param name="id">By which it is known again; null for none.</param>
    public DerivedNote NoteOf(string? session, string type, string? id) =>
        new(session, id is null ? null : $"{Format}:{id}", type, Data) { Time = Time };

    public string Require(string name) => Data.RequireText(name, "data");
}
