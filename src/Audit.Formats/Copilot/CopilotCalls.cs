using Audit.Formats.Correlation;

namespace Audit.Formats.Copilot;

/// <summary>Events of tools, of a client's own tools, and of sub-agents, which are tools that were called.</summary>
internal sealed class CopilotCalls(CallMemory memory)
{
    private const string RefusedByHost = "Permission denied and could not request permission from user",
        RefusedByHook = "Denied by preToolUse hook",
        RefusedByUser = "The user rejected this tool call.";

    private const long MostEarly = 1 << 20;

    private readonly HashSet<(string? Session, string Call)> started = [];

    /// <summary>When tools of the client were done whose requests have not come yet; empty for no time.</summary>
    private readonly BoundedMemory<(string? Session, string Request), string> early = new(
        MostEarly, (key, time) => RoomFor.BytesOf(key.Session, key.Request, time));

    public bool Read(in CopilotEvent received, string? session, IFormatSink sink)
    {
        switch (received.Type)
        {
            case "tool.user_requested" or "tool.execution_start":
                Request(received, session, sink);
                return true;
            case "external_tool.requested":
                RequestOfClient(received, session, received.Require("requestId"), sink);
                return true;
            case "assistant.message":
                return Announce(received, session, sink);
            case "tool.execution_progress" or "tool.execution_partial_result":
                return Progress(received, session, received.Require("toolCallId"), sink);
            case "external_tool.completed":
                // The client has run the tool; what it gave back comes with the tool's own event.
                return CompleteByClient(received, session, received.Require("requestId"), sink);
            case "subagent.started":
                return StartAgent(received, session, received.Require("toolCallId"), sink);
            case "mcp_app.tool_call_complete":
                CompleteOfApp(received, session, sink);
                return true;
            case "tool.execution_complete":
                Complete(received, session, sink);
                return true;
            default:
                return false;
        }
    }

    private void RequestOfClient(in CopilotEvent received, string? session, string request, IFormatSink sink)
    {
        var call = received.Require("toolCallId");
        memory.RememberRequest(session, request, call);
        Request(received, session, sink);
        if (early.Take((session, request)) is { } time)
        {
            Start(received with { Time = time.Length == 0 ? null : time }, session, call, sink);
        }
    }

    private bool CompleteByClient(in CopilotEvent received, string? session, string request, IFormatSink sink)
    {
        if (memory.CallOfRequest(session, request) is { } call)
        {
            return Start(received, session, call, sink);
        }

        early.Set((session, request), received.Time ?? "");
        return false;
    }

    private void Request(in CopilotEvent received, string? session, IFormatSink sink)
    {
        Request(
            received, session, received.Require("toolCallId"), received.Require("toolName"),
            received.Data.Member("arguments"), sink);
    }

    private void Request(
        in CopilotEvent received, string? session, string call, string tool, JsonElement? input, IFormatSink sink)
    {
        memory.Remember(session, call, tool, input);
        if (input is { } given)
        {
            memory.Open(CopilotHooks.KeyOf(session, tool, given), call);
        }

        Report(received, session, call, new Outcome.Requested(), tool, input, sink);
    }

    /// <summary>
    /// What the model asks for stands in its message first; of what was given up before it began nothing else is said.
    /// </summary>
    private bool Announce(CopilotEvent received, string? session, IFormatSink sink)
    {
        var requests = received.Data.ArrayMember("toolRequests").ToList();
        requests.ReadEach(sink, asked => Request(
            received, session, asked.RequireText("toolCallId", "data.toolRequests"),
            asked.RequireText("name", "data.toolRequests"), asked.Member("arguments"), sink));
        return requests.Count > 0;
    }

    /// <summary>A shell that was left in the background goes on giving output after its call was answered.</summary>
    private bool Progress(in CopilotEvent received, string? session, string call, IFormatSink sink)
    {
        if (memory.EndOf(session, call) is not { } end
            || (end.Length > 0 && received.Time is { } time && Rfc3339.TryParse(end, out var ended)
                && Rfc3339.TryParse(time, out var shown) && shown < ended))
        {
            return Start(received, session, call, sink);
        }

        sink.Note(received.NoteOf(session, "output_after_completion", received.Id));
        return true;
    }

    private bool StartAgent(in CopilotEvent received, string? session, string call, IFormatSink sink)
    {
        if (received.Agent is { } agent)
        {
            memory.RememberAgent(session, agent, call);
        }

        return Start(received with { Agent = null }, session, call, sink);
    }

    /// <summary>A tool reports its progress many times, and has started once.</summary>
    private bool Start(in CopilotEvent received, string? session, string call, IFormatSink sink)
    {
        memory.RememberBegun(session, call);
        if (started.Count < CallLimits.Events && RoomFor.Ids(session, call) && !started.Add((session, call)))
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
        var result = ResultOf(received.Data, success);
        memory.RememberEnd(session, call, received.Time);
        var outcome = RefusalOf(received, session, call, result) ?? new Outcome.Completed(result);
        Report(received, session, call, outcome, known?.Tool, known?.Input, sink);
    }

    /// <summary>
    /// The command line's own output has no events of permissions: there the failure is all that tells of a refusal.
    /// </summary>
    private Outcome? RefusalOf(in CopilotEvent received, string? session, string call, ToolResult result)
    {
        var error = result.Success ? null : received.Data.ObjectMember("error");
        var code = error?.Text("code");
        var source = result.Success || memory.HasBegun(session, call) || memory.HasDecision(session, call) ? null
            : code == "rejected" ? Deciders.Human
            // A hook's refusal has the code of a failure; all others have one of their own, where there is any.
            : result.Output.StartsWith(RefusedByHook, StringComparison.Ordinal) ? Deciders.Hook
            : code is "denied" or null && result.Output.StartsWith(RefusedByHost, StringComparison.Ordinal)
                ? Deciders.Nobody
            : code == "denied" ? Deciders.Policy
            : code is null && result.Output == RefusedByUser ? Deciders.Human
            : null;
        return source is null
            ? null
            : new Outcome.Blocked(result.Output) { Source = source, By = Deciders.Of(source) };
    }

    /// <summary>
    /// A view of a server calls its tools by itself, and no call of the model is named; the event's id names it.
    /// </summary>
    private static void CompleteOfApp(in CopilotEvent received, string? session, IFormatSink sink)
    {
        var success = received.Data.RequireFlag("success", "data");
        var tool = received.Require("toolName");
        var call = $"mcp-app:{received.Id ?? CanonicalJson.NameOf(received.Data)}";
        var result = ResultOf(received.Data, success) with { DurationMs = received.Data.Count("durationMs") };
        var input = received.Data.Member("arguments");
        var record = RecordOf(received, session, call, new Outcome.Completed(result), tool, input);
        var server = received.Data.Text("serverName");
        sink.Record(server is null ? record : record with
        {
            Record = record.Record with { DisplayName = $"{server}: {tool}" },
        });
    }

    private static ToolResult ResultOf(JsonElement data, bool success)
    {
        var result = data.Member("result");
        var error = data.Member("error");
        var output = result?.Text("content") ?? error?.Text("message") ?? TextOf(result)
            ?? (success ? result : error)?.AsText() ?? "";
        var saysMore = result is { ValueKind: JsonValueKind.Object } members && members.EnumerateObject().Count() > 1;
        return new ToolResult(success, output) { Data = error ?? (saysMore ? result : null) };
    }

    /// <summary>The text of an answer of MCP.</summary>
    private static string? TextOf(JsonElement? result)
    {
        var texts = result?.ArrayMember("content").Select(part => part.Text("text")).OfType<string>().ToList();
        return texts is [_, ..] ? string.Join('\n', texts) : null;
    }

    private void Report(
        in CopilotEvent received, string? session, string call, Outcome outcome, string? tool, JsonElement? input,
        IFormatSink sink) =>
        sink.Record(RecordOf(received, session, call, outcome, tool, input) with
        {
            Parent = received.ParentOf(memory, session, call),
        });

    private static DerivedRecord RecordOf(
        in CopilotEvent received, string? session, string call, Outcome outcome, string? tool, JsonElement? input)
    {
        var provenance = received.Data.Text("model") is { } model ? new Provenance("", model) : null;
        return DerivedRecord.Of(CopilotEvent.Format, session, call, tool, outcome, received.Time)
            .With(input, input, provenance) with { Agent = received.Agent };
    }
}
