using System.Text.Json;
using Audit.Formats.Correlation;
using Audit.Formats.Derived;

namespace Audit.Formats.Copilot;

/// <summary>
/// A hook that runs before a tool may refuse it. Its input names the tool and what it is to do, and seldom the call; where
/// the call cannot be found the refusal is noted in the session.
/// </summary>
internal sealed class CopilotHooks(CallMemory memory)
{
    private const string Denied = "deny";
    private const int Invocations = 1024;

    private readonly BoundedMemory<string, string> keyOfInvocation = new(Invocations);

    public static string KeyOf(string? session, string tool, JsonElement input) =>
        $"{session}|{tool}|{CanonicalJson.NameOf(input)}";

    public bool Read(in CopilotEvent said, string? session, IFormatSink sink)
    {
        switch (said.Type)
        {
            case "hook.start":
                Remember(said, session);
                return false;
            case "hook.end" when said.Data.ObjectMember("output") is { } output && output.Text("permissionDecision") == Denied:
                Deny(said, session, output.Text("permissionDecisionReason") ?? "denied by a hook", sink);
                return true;
            default:
                return false;
        }
    }

    private void Remember(in CopilotEvent said, string? session)
    {
        var invocation = said.Require("hookInvocationId");
        if (said.Data.ObjectMember("input") is not { } input)
        {
            return;
        }

        if (input.Text("toolCallId") is { } call)
        {
            memory.TellRequest(session, invocation, call);
        }
        else if (input.Text("toolName") is { } tool && input.Member("toolArgs") is { } arguments)
        {
            keyOfInvocation.Set(invocation, KeyOf(session, tool, arguments));
        }
    }

    private void Deny(in CopilotEvent said, string? session, string reason, IFormatSink sink)
    {
        var invocation = said.Require("hookInvocationId");
        var call = memory.CallOfRequest(session, invocation)
            ?? (keyOfInvocation.TryGet(invocation, out var key) ? memory.Ask(key, out _) : null);
        if (call is null)
        {
            sink.Note(new DerivedNote(session, said.Id is null ? null : $"copilot:{said.Id}", "hook_denied", said.Data)
            {
                Time = said.Time,
            });
            return;
        }

        var outcome = new Outcome.Blocked(reason) { Decision = "denied-by-hook", Source = "hook" };
        var tool = memory.Find(session, call)?.Tool;
        sink.Record(DerivedRecord.Of(CopilotEvent.Format, session, call, tool, outcome, said.Time, CanonicalJson.NameOf(invocation)));
    }
}
