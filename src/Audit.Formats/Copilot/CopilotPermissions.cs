using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>
/// Requests for permission and what became of them. They may come before the start of the tool, as documented, or after
/// it, as recorded; the request may lack the call and the answer may lack it too, and then the request's id joins them.
/// </summary>
internal sealed class CopilotPermissions(CallMemory memory)
{
    private const int LongestPart = 64;
    private const long MostEarly = 1 << 20;

    /// <summary>Answers that came before their requests, in a stream that lost its order.</summary>
    private readonly BoundedMemory<(string? Session, string Request), EarlyAnswer> early = new(
        MostEarly, (key, answer) => RoomFor.BytesOf(key.Session, key.Request) + answer.Bytes);

    public bool Read(in CopilotEvent received, string? session, IFormatSink sink)
    {
        switch (received.Type)
        {
            case "permission.requested":
                Ask(received, session, sink);
                return true;
            case "permission.completed":
                return Answer(received, session, sink);
            default:
                return false;
        }
    }

    private void Ask(in CopilotEvent received, string? session, IFormatSink sink)
    {
        var request = received.Require("requestId");
        var permission = received.Data.RequireObject("permissionRequest");
        var kind = permission.RequireText("kind", "data.permissionRequest");
        // What is asked for without a call, such as to keep a memory, is a call of its own that only the request names.
        var call = permission.Text("toolCallId") ?? CallNamedBy(request);
        memory.RememberRequest(session, request, call);
        var description = DescriptionOf(permission, kind);
        var outcome = new Outcome.RequiresConfirmation(description, null) { Permission = permission };
        var tool = permission.Text("toolCallId") is null ? kind : null;
        sink.Record(RecordOf(received, session, call, tool, outcome, request));
        if (early.Take((session, request)) is { } answer)
        {
            memory.RememberDecision(session, call);
            sink.Record(RecordOf(received with { Time = answer.Time }, session, call, null, answer.Outcome, request));
        }
    }

    private bool Answer(in CopilotEvent received, string? session, IFormatSink sink)
    {
        var request = received.Require("requestId");
        var result = received.Data.Member("result") ?? throw new UnreadableException("data.result", "missing");
        if (PermissionAnswer.Read(result, "data.result", received.Data.Text("decisionSource")) is not { } outcome)
        {
            return false;
        }

        if ((received.Data.Text("toolCallId") ?? memory.CallOfRequest(session, request)) is { } call)
        {
            memory.RememberDecision(session, call);
            sink.Record(RecordOf(received, session, call, null, outcome, request));
        }
        else
        {
            early.Set((session, request), new EarlyAnswer(outcome, received.Time));
            sink.Note(received.NoteOf(session, "permission_completed", received.Id));
        }

        return true;
    }

    private DerivedRecord RecordOf(
        in CopilotEvent received, string? session, string call, string? tool, Outcome outcome, string request)
    {
        var known = memory.Find(session, call);
        var part = request.Length <= LongestPart ? request : CanonicalJson.NameOf(request);
        // The tool's name in a request for permission is not always the one in the events of the tool.
        return DerivedRecord.Of(CopilotEvent.Format, session, call, known?.Tool ?? tool, outcome, received.Time, part)
            .With(known?.Input, known?.Input) with
        {
            Agent = received.Agent, Parent = received.ParentOf(memory, session, call),
        };
    }

    private static string DescriptionOf(JsonElement permission, string kind) =>
        permission.Text("intention") ?? permission.Text("fullCommandText") ?? permission.Text("toolTitle")
        ?? permission.Text("hookMessage") ?? permission.Text("reason") ?? permission.Text("path")
        ?? permission.Text("fileName") ?? permission.Text("url") ?? permission.Text("toolName")
        ?? permission.Text("fact") ?? kind;

    private sealed record EarlyAnswer(Outcome Outcome, string? Time)
    {
        public int Bytes => RoomFor.BytesOf(Time, Outcome switch
        {
            Outcome.Blocked refused => refused.Reason + refused.Feedback,
            Outcome.Approved approved => approved.Feedback,
            _ => null,
        });
    }

    private static string CallNamedBy(string request) =>
        request.Length <= LongestPart ? $"permission:{request}" : $"permission:{CanonicalJson.NameOf(request)}";
}

/// <summary>
/// A hook that runs before a tool may refuse it. Its input names the tool and what it is to do, and seldom the call;
/// where the call cannot be found the refusal is noted in the session.
/// </summary>
internal sealed class CopilotHooks(CallMemory memory)
{
    private const string Denied = "deny";
    private const long MostInvocations = 1 << 20;

    private readonly BoundedMemory<string, string> keyOfInvocation = new(
        MostInvocations, (invocation, key) => RoomFor.BytesOf(invocation, key));

    public static string KeyOf(string? session, string tool, JsonElement input) =>
        $"{session}|{tool}|{CanonicalJson.NameOf(input)}";

    public bool Read(in CopilotEvent received, string? session, IFormatSink sink)
    {
        switch (received.Type)
        {
            case "hook.start":
                Remember(received, session);
                return false;
            case "hook.end" when received.Data.ObjectMember("output") is { } output
                && output.Text("permissionDecision") == Denied:
                Deny(received, session, output.Text("permissionDecisionReason") ?? "denied by a hook", sink);
                return true;
            default:
                return false;
        }
    }

    private void Remember(in CopilotEvent received, string? session)
    {
        var invocation = received.Require("hookInvocationId");
        if (received.Data.ObjectMember("input") is not { } input)
        {
            return;
        }

        if (input.Text("toolCallId") is { } call)
        {
            memory.RememberRequest(session, invocation, call);
        }
        else if (input.Text("toolName") is { } tool && input.Member("toolArgs") is { } arguments)
        {
            keyOfInvocation.Set(invocation, KeyOf(session, tool, arguments));
        }
    }

    private void Deny(in CopilotEvent received, string? session, string reason, IFormatSink sink)
    {
        var invocation = received.Require("hookInvocationId");
        var candidates = 0;
        var call = memory.CallOfRequest(session, invocation)
            ?? (keyOfInvocation.TryGet(invocation, out var key) ? memory.Ask(key, out candidates) : null);
        if (call is null)
        {
            sink.Note(received.NoteOf(session, "hook_denied", received.Id));
            return;
        }

        var outcome = new Outcome.Blocked(reason)
        {
            Decision = "denied-by-hook", Source = Deciders.Hook, By = Deciders.Of(Deciders.Hook),
        };
        memory.RememberDecision(session, call);
        var tool = memory.Find(session, call)?.Tool;
        var part = CanonicalJson.NameOf(invocation);
        var record = DerivedRecord.Of(CopilotEvent.Format, session, call, tool, outcome, received.Time, part) with
        {
            Agent = received.Agent, Parent = received.ParentOf(memory, session, call),
        };
        sink.Record(candidates > 1 ? record.Guessed() : record);
    }
}
