using System.Text.Json;
using Audit.Formats.Correlation;
using Audit.Formats.Derived;

namespace Audit.Formats.Copilot;

/// <summary>Events of tools, of a client's own tools, and of sub-agents, which are tools that were called.</summary>
internal sealed class CopilotCalls(CallMemory memory)
{
    private readonly HashSet<string> started = [];

    public bool Read(in CopilotEvent said, string? session, IFormatSink sink)
    {
        switch (said.Type)
        {
            case "tool.user_requested" or "tool.execution_start":
                Request(said, session, sink);
                return true;
            case "external_tool.requested":
                memory.TellRequest(session, said.Require("requestId"), said.Require("toolCallId"));
                Request(said, session, sink);
                return true;
            case "tool.execution_progress" or "tool.execution_partial_result":
                return Start(said, session, said.Require("toolCallId"), sink);
            case "external_tool.completed":
                // The client has run the tool; what it gave back comes with the tool's own event.
                return memory.CallOfRequest(session, said.Require("requestId")) is { } call && Start(said, session, call, sink);
            case "subagent.started":
                return Start(said, session, said.Require("toolCallId"), sink);
            case "tool.execution_complete":
                Complete(said, session, sink);
                return true;
            default:
                return false;
        }
    }

    private void Request(in CopilotEvent said, string? session, IFormatSink sink)
    {
        var call = said.Require("toolCallId");
        var tool = said.Require("toolName");
        var input = said.Data.Member("arguments");
        memory.Tell(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(CopilotHooks.KeyOf(session, tool, given), call);
        }

        Tell(said, session, call, new Outcome.Requested(), tool, input, sink);
    }

    /// <summary>A tool tells its progress many times, and has started once.</summary>
    private bool Start(in CopilotEvent said, string? session, string call, IFormatSink sink)
    {
        if (started.Count < CallLimits.Events && !started.Add(call))
        {
            return false;
        }

        var known = memory.Find(session, call);
        Tell(said, session, call, new Outcome.Started(), known?.Tool, known?.Input, sink);
        return true;
    }

    private void Complete(in CopilotEvent said, string? session, IFormatSink sink)
    {
        var call = said.Require("toolCallId");
        var success = said.Data.RequireFlag("success", "data");
        var known = memory.Find(session, call);
        Tell(said, session, call, new Outcome.Completed(ResultOf(said.Data, success)), known?.Tool, known?.Input, sink);
    }

    private static ToolResult ResultOf(JsonElement data, bool success)
    {
        var result = data.Member("result");
        var error = data.Member("error");
        var output = result?.Text("content") ?? error?.Text("message") ?? (success ? result : error)?.AsText() ?? "";
        var saysMore = result is { ValueKind: JsonValueKind.Object } told && told.EnumerateObject().Count() > 1;
        return new ToolResult(success, output) { Data = error ?? (saysMore ? result : null) };
    }

    private static void Tell(
        in CopilotEvent said, string? session, string call, Outcome outcome, string? tool, JsonElement? input, IFormatSink sink)
    {
        var record = DerivedRecord.Of(CopilotEvent.Format, session, call, tool, outcome, said.Time);
        sink.Record(record with
        {
            Told = record.Told with
            {
                RequestedInput = input,
                EffectiveInput = input,
                Provenance = said.Data.Text("model") is { } model ? new Provenance("", model) : null,
            },
        });
    }
}
