using System.Text.Json;
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
        var said = CopilotEvent.Read(happened);
        if (said.Type is "session.start" or "external_tool.requested" or "result")
        {
            // Other events name no session. Where ?session= names one, that is believed before the stream.
            session ??= said.Data.Text("sessionId");
        }

        var isUnderstood = calls.Read(said, session, sink) || permissions.Read(said, session, sink)
            || hooks.Read(said, session, sink) || CopilotNotes.Read(said, session, sink);
        if (!isUnderstood)
        {
            sink.Ignored(said.Type);
        }
    }
}
