using System.Text.Json;
using Audit.Formats.Correlation;
using Audit.Formats.Derived;
using Audit.Formats.Permissions;

namespace Audit.Formats.Copilot;

/// <summary>
/// Requests for permission and what became of them. They may come before the start of the tool, as documented, or after
/// it, as recorded; the request may lack the call and the answer may lack it too, and then the request's id joins them.
/// </summary>
internal sealed class CopilotPermissions(CallMemory memory)
{
    private const int LongestPart = 64;

    public bool Read(in CopilotEvent said, string? session, IFormatSink sink)
    {
        switch (said.Type)
        {
            case "permission.requested":
                Ask(said, session, sink);
                return true;
            case "permission.completed":
                return Answer(said, session, sink);
            default:
                return false;
        }
    }

    private void Ask(in CopilotEvent said, string? session, IFormatSink sink)
    {
        var request = said.Require("requestId");
        var permission = said.Data.RequireObject("permissionRequest");
        var kind = permission.RequireText("kind", "data.permissionRequest");
        // What is asked for without a call, such as to keep a memory, is a call of its own that only the request names.
        var call = permission.Text("toolCallId") ?? CallNamedBy(request);
        memory.TellRequest(session, request, call);
        var outcome = new Outcome.RequiresConfirmation(DescriptionOf(permission, kind), null) { Permission = permission };
        sink.Record(Tell(said, session, call, permission.Text("toolCallId") is null ? kind : null, outcome, request));
    }

    private bool Answer(in CopilotEvent said, string? session, IFormatSink sink)
    {
        var request = said.Require("requestId");
        var result = said.Data.Member("result") ?? throw new UnreadableException("data.result", "missing");
        if (PermissionAnswer.Read(result, "data.result", said.Data.Text("decisionSource")) is not { } outcome)
        {
            return false;
        }

        if ((said.Data.Text("toolCallId") ?? memory.CallOfRequest(session, request)) is { } call)
        {
            sink.Record(Tell(said, session, call, null, outcome, request));
        }
        else
        {
            sink.Note(new DerivedNote(session, said.Id is null ? null : $"copilot:{said.Id}", "permission_completed", said.Data)
            {
                Time = said.Time,
            });
        }

        return true;
    }

    private DerivedRecord Tell(
        in CopilotEvent said, string? session, string call, string? tool, Outcome outcome, string request)
    {
        var known = memory.Find(session, call);
        var part = request.Length <= LongestPart ? request : CanonicalJson.NameOf(request);
        // The tool's name in a request for permission is not always the one in the events of the tool.
        var record = DerivedRecord.Of(CopilotEvent.Format, session, call, known?.Tool ?? tool, outcome, said.Time, part);
        return record with { Told = record.Told with { RequestedInput = known?.Input, EffectiveInput = known?.Input } };
    }

    private static string DescriptionOf(JsonElement permission, string kind) =>
        permission.Text("intention") ?? permission.Text("fullCommandText") ?? permission.Text("toolTitle")
        ?? permission.Text("hookMessage") ?? permission.Text("reason") ?? permission.Text("path") ?? permission.Text("fileName")
        ?? permission.Text("url") ?? permission.Text("toolName") ?? permission.Text("fact") ?? kind;

    private static string CallNamedBy(string request) =>
        request.Length <= LongestPart ? $"permission:{request}" : $"permission:{CanonicalJson.NameOf(request)}";
}
