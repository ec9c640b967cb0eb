using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>Events of tools, of a client's own tools, and of sub-agents, which are tools that were called.</summary>
internal sealed class CopilotCalls(CallMemory memory)
{
    private readonly HashSet<string> started = [];

    public bool Read(in CopilotEvent received, string? session, IFormatSink sink)
    {
        switch (received.Type)
        {
            case "tool.user_requested" or "tool.execution_start":
                Request(received, session, sink);
                return true;
            case "external_tool.requested":
                memory.RememberRequest(session, received.Require("requestId"), received.Require("toolCallId"));
                Request(received, session, sink);
                return true;
            case "tool.execution_progress" or "tool.execution_partial_result":
                return Start(received, session, received.Require("toolCallId"), sink);
            case "external_tool.completed":
                // The client has run the tool; what it gave back comes with the tool's own event.
                return memory.CallOfRequest(session, received.Require("requestId")) is { } call
                    && Start(received, session, call, sink);
            case "subagent.started":
                return Start(received, session, received.Require("toolCallId"), sink);
            case "tool.execution_complete":
                Complete(received, session, sink);
                return true;
            default:
                return false;
        }
    }

    private void Request(in CopilotEvent received, string? session, IFormatSink sink)
    {
        var call = received.Require("toolCallId");
        var tool = received.Require("toolName");
        var input = received.Data.Member("arguments");
        memory.Remember(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(CopilotHooks.KeyOf(session, tool, given), call);
        }

        Report(received, session, call, new Outcome.Requested(), tool, input, sink);
    }

    /// <summary>A tool reports its progress many times, and has started once.</summary>
    private bool Start(in CopilotEvent received, string? session, string call, IFormatSink sink)
    {
        if (started.Count < CallLimits.Events && !started.Add(call))
        {
            return false;
        }

        var known = memory.Find(session, call);
        Report(received, session, call, new Outcome.Started(), known?.Tool, known?.Input, sink);
        return true;
    }

    private void Complete(in CopilotEvent received, string? session, IFormatSink sink)
    {
        var call = received.Require("toolCallId");
        var success = received.Data.RequireFlag("success", "data");
        var known = memory.Find(session, call);
        var outcome = new Outcome.Completed(ResultOf(received.Data, success));
        Report(received, session, call, outcome, known?.Tool, known?.Input, sink);
    }

    private static ToolResult ResultOf(JsonElement data, bool success)
    {
        var result = data.Member("result");
        var error = data.Member("error");
        var output = result?.Text("content") ?? error?.Text("message") ?? (success ? result : error)?.AsText() ?? "";
        var saysMore = result is { ValueKind: JsonValueKind.Object } members && members.EnumerateObject().Count() > 1;
        return new ToolResult(success, output) { Data = error ?? (saysMore ? result : null) };
    }

    private static void Report(
        in CopilotEvent received, string? session, string call, Outcome outcome, string? tool, JsonElement? input,
        IFormatSink sink)
    {
        var provenance = received.Data.Text("model") is { } model ? new Provenance("", model) : null;
        sink.Record(DerivedRecord.Of(CopilotEvent.Format, session, call, tool, outcome, received.Time)
            .With(input, input, provenance));
    }
}
