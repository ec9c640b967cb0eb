using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>
/// A hook that runs before a tool may refuse it. Its input names the tool and what it is to do, and seldom the call;
/// where the call cannot be found the refusal is noted in the session.
/// </summary>
internal sealed class CopilotHooks(CallMemory memory)
{
    private const string Denied = "deny";
    private const int Invocations = 1024;

    private readonly BoundedMemory<string, string> keyOfInvocation = new(Invocations);

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
