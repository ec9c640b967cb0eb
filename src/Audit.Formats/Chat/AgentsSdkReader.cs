using Audit.Formats.Correlation;

namespace Audit.Formats.Chat;

/// <summary>
/// Traces of the OpenAI Agents SDK as its processors export them: a span or a trace a line, or many as `data` of one
/// body. The spans of functions are calls; those around them name the agent, and the call in whose course another one
/// is made, as far as they are exported before it or with it. Or the items of its runs, which name calls by the
/// model's ids.
/// </summary>
internal sealed class AgentsSdkReader(CallMemory memory, string? session) : IEventReader
{
    private const string Format = "openai-agents";
    private const int Deepest = 64;
    private const long MostGroups = 1 << 20, MostSpans = 16 << 20;

    private readonly ChatSession named = new(session);

    private readonly BoundedMemory<string, string> groups = new(
        MostGroups, (trace, group) => RoomFor.BytesOf(trace, group));

    private readonly BoundedMemory<string, KnownSpan> spans = new(
        MostSpans, (id, span) => RoomFor.BytesOf(id, span.Name, span.Parent));

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        if (AgentsSdkItem.Of(happened) is { } item)
        {
            item.Read(named.Of(happened), memory, sink);
            return;
        }

        var all = happened.ArrayMember("data").DefaultIfEmpty(happened).ToList();
        all.ForEach(one => Remember(one, sink));
        all.ReadEach(sink, one => ReadOne(one, sink));
    }

    /// <summary>Of a span what those within it are named by: its kind, its name and its parent.</summary>
    private void Remember(JsonElement happened, IFormatSink sink)
    {
        if (happened.Text("object") == "trace" && happened.Text("id") is { } trace
            && happened.Text("group_id") is { } group)
        {
            groups.Set(trace, group);
            if (Ids.Refuse(group, Ids.MaxBytes, isSession: true) is null)
            {
                sink.Learned(trace, group);
            }
        }
        else if (happened.Text("id") is { } id && happened.ObjectMember("span_data") is { } data)
        {
            spans.Set(id, new KnownSpan(id, data.Text("type"), data.Text("name"), happened.Text("parent_id")));
        }
    }

    private void ReadOne(JsonElement happened, IFormatSink sink)
    {
        var kind = happened.RequireText("object");
        var data = happened.ObjectMember("span_data");
        if (kind == "trace")
        {
            var trace = happened.RequireText("id");
            sink.Note(new DerivedNote(SessionOf(trace), $"{Format}:started:{trace}", "started", happened));
        }
        else if (kind == "trace.span" && data?.Text("type") == "function")
        {
            ReadCall(happened, data.Value, sink);
        }
        else
        {
            sink.Ignored($"{kind} {data?.Text("type")}".TrimEnd());
        }
    }

    private void ReadCall(JsonElement span, JsonElement data, IFormatSink sink)
    {
        var trace = span.RequireText("trace_id");
        var of = SessionOf(trace);
        // The trace may have come in an earlier request, and with it the group that is the session.
        var above = groups.TryGet(trace, out var group) ? group : null;
        var place = session is null ? new TracePlace(trace, null, above, null) : null;
        var (call, tool) = (span.RequireText("id"), data.RequireText("name", "span_data"));
        var input = data.Arguments("input");
        var error = span.ObjectMember("error")?.Text("message");
        var ended = span.Time("ended_at");
        Report(new Outcome.Started(), span.Time("started_at"));
        if (ended is not null || error is not null)
        {
            var output = error ?? data.Member("output")?.AsText() ?? "";
            Report(new Outcome.Completed(new ToolResult(error is null, output)), ended);
        }

        void Report(Outcome outcome, string? time) => sink.Record(
            DerivedRecord.Of(Format, of, call, tool, outcome, time).With(input, input) with
            {
                Place = place, Agent = Around(span, "agent")?.Name, Parent = Around(span, "function")?.Id,
            });
    }

    /// <summary>The nearest span of a kind around another.</summary>
    private KnownSpan? Around(JsonElement span, string kind)
    {
        var id = span.Text("parent_id");
        for (var depth = 0; depth < Deepest && id is not null && spans.TryGet(id, out var found); depth++)
        {
            if (found.Type == kind)
            {
                return found;
            }

            id = found.Parent;
        }

        return null;
    }

    private sealed record KnownSpan(string Id, string? Type, string? Name, string? Parent);

    private string SessionOf(string trace) =>
        session ?? (groups.TryGet(trace, out var group) ? group : TracePlace.SessionOf(trace));
}

/// <summary>
/// An item of a run: of the model, in the words of its interface or those of the SDK for JavaScript, with the agent
/// around it.
/// </summary>
internal readonly record struct AgentsSdkItem(string Type, JsonElement Raw, string? Agent)
{
    private const string Format = "openai-agents";
    private const string Call = "_call", Event = "run_item_stream_event";

    /// <summary>What the SDK gives to the model in place of what a tool would have answered.</summary>
    private const string Rejected = "Tool execution was not approved.";

    private static readonly string[] Answers = ["_call_result", "_call_output"];

    /// <returns>Null for what is no item.</returns>
    public static AgentsSdkItem? Of(JsonElement happened)
    {
        var item = happened.Text("type") == Event ? happened.ObjectMember("item") ?? happened : happened;
        var raw = item.ObjectMember("raw_item") ?? item.ObjectMember("rawItem");
        return item.Text("type") is not { } type ? null
            : raw is { } whole ? new AgentsSdkItem(
                type, whole, (item.ObjectMember("agent") ?? item.ObjectMember("source_agent"))?.Text("name"))
            : item.Text("callId") is not null && (type.EndsWith(Call, StringComparison.Ordinal) || IsAnswer(type))
                ? new AgentsSdkItem(type, item, null)
                : null;
    }

    public void Read(string? session, CallMemory memory, IFormatSink sink)
    {
        var (raw, type) = (Raw, Type);
        var told = new ChatBody(Format, session, null, null, memory, sink) { Agent = Agent };
        told.Each([raw], one => ReadRaw(one, told));
        if (type == "tool_approval_item" && (raw.Text("callId") ?? raw.Text("call_id") ?? raw.Text("id")) is { } call)
        {
            var asked = raw.Text("name") ?? "permission";
            told.Report(call, new Outcome.RequiresConfirmation(asked, null) { Permission = raw });
        }

        if (!told.HasSaid)
        {
            sink.Ignored(type);
        }
    }

    private static bool IsAnswer(string type) =>
        Array.Exists(Answers, end => type.EndsWith(end, StringComparison.Ordinal));

    private static void ReadRaw(JsonElement raw, ChatBody told)
    {
        var kind = raw.Text("type") ?? "";
        var call = raw.Text("callId");
        if (kind == "hosted_tool_call")
        {
            var hosted = raw.RequireText("id", kind);
            told.Request(hosted, raw.Text("name"), raw.Arguments("arguments"));
            if (raw.Text("status") is "completed" or "failed" or "incomplete")
            {
                told.Complete(hosted, raw.Text("status") == "completed", ChatParts.TextOf(raw.Member("output")));
            }
        }
        else if (IsAnswer(kind))
        {
            var output = raw.ObjectMember("output")?.Text("text") ?? ChatParts.TextOf(raw.Member("output"));
            call ??= raw.RequireText("call_id", kind);
            if (output == Rejected)
            {
                told.Report(call, new Outcome.Blocked(output) { Decision = "rejected" });
            }
            else
            {
                var hasFailed = raw.Text("status") is "failed" or "incomplete"
                    || raw.ArrayMember("output").Any(OpenAiReader.HasFailed);
                told.Complete(call, !hasFailed, output);
            }
        }
        else if (call is not null && kind.EndsWith(Call, StringComparison.Ordinal))
        {
            told.Request(call, raw.Text("name") ?? kind[..^Call.Length],
                raw.Arguments("arguments") ?? raw.Member("action") ?? raw.Member("operation"));
        }
        else
        {
            OpenAiReader.ReadItem(raw, told);
        }
    }
}
