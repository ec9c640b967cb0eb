using System.Text.Json.Nodes;

namespace Audit.Formats.Otlp;

/// <summary>
/// Traces in OTLP's JSON, a request for export at a time. Of their spans those count that concern a tool: execute_tool
/// of the GenAI conventions and tools/call of MCP. Nothing is remembered from one request to the next, for a repeated
/// request must say the same: the conversation is looked for in the span, in those above it in the same request, and in
/// its resource.
/// </summary>
internal sealed class OtlpReader(string? session) : IEventReader
{
    private const string Format = "otlp";
    private const int MostParents = 64;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        if (happened.Member("resourceSpans") is not { ValueKind: JsonValueKind.Array })
        {
            // A request without any spans is one that exports nothing.
            if (happened.EnumerateObject().Select(member => member.Name).FirstOrDefault() is { } other)
            {
                throw new UnreadableException(
                    "resourceSpans",
                    "an array of the spans of resources is expected; "
                    + $"the request has {ShortText.Of(other, ShortText.Quoted)}");
            }
        }

        var spans = SpansOf(happened).ToList();
        var byId = new Dictionary<string, OtlpSpan>();
        foreach (var span in spans)
        {
            byId.TryAdd(span.Key, span);
        }

        foreach (var span in spans)
        {
            try
            {
                Read(span, byId, sink);
            }
            catch (UnreadableException unreadable)
            {
                sink.Invalid($"span {span.SpanId ?? "without an id"}: {unreadable.Message}");
            }
        }
    }

    private static IEnumerable<OtlpSpan> SpansOf(JsonElement happened) =>
        from resourceSpans in happened.ArrayMember("resourceSpans")
        let resource = resourceSpans.ObjectMember("resource")
        from scopeSpans in resourceSpans.ArrayMember("scopeSpans")
        from span in scopeSpans.ArrayMember("spans")
        select new OtlpSpan(span, resource);

    private void Read(in OtlpSpan span, Dictionary<string, OtlpSpan> byId, IFormatSink sink)
    {
        var isTool = span.IsExecuteTool;
        if (!isTool && !span.IsMcp)
        {
            var operation = OtlpValue.Text(span.Span, "gen_ai.operation.name");
            sink.Ignored(operation ?? OtlpValue.Text(span.Span, "mcp.method.name") ?? "span");
            return;
        }

        if (span.IsMcp && span.ParentKey is { } parent && byId.TryGetValue(parent, out var above)
            && above.IsExecuteTool)
        {
            // The call as the agent saw it is reported by the span above.
            sink.Ignored("tools/call within execute_tool");
            return;
        }

        var trace = span.Span.RequireText("traceId");
        var conversation = ConversationOf(span, byId) ?? session ?? $"trace:{trace.ToLowerInvariant()}";
        var call = OtlpValue.Text(span.Span, "gen_ai.tool.call.id")
            ?? $"span:{span.Span.RequireText("spanId").ToLowerInvariant()}";
        Report(span, conversation, call, sink);
    }

    private static void Report(in OtlpSpan span, string conversation, string call, IFormatSink sink)
    {
        var start = span.Time("startTimeUnixNano");
        var end = span.Time("endTimeUnixNano");
        var input = ValueOf(OtlpValue.Find(span.Span, "gen_ai.tool.call.arguments"));
        sink.Record(Record(span, conversation, call, new Outcome.Requested(), start, input));
        if (end is not null)
        {
            sink.Record(Record(span, conversation, call, new Outcome.Completed(ResultOf(span)), end, input));
        }
    }

    private static DerivedRecord Record(
        in OtlpSpan span, string conversation, string call, Outcome outcome, string? time, JsonElement? input)
    {
        var provider = OtlpValue.Text(span.Span, "gen_ai.provider.name") ?? OtlpValue.Text(span.Span, "gen_ai.system");
        var model = OtlpValue.Text(span.Span, "gen_ai.request.model");
        var provenance = provider is null && model is null ? null : new Provenance(provider ?? "", model ?? "");
        return DerivedRecord.Of(Format, conversation, call, span.Tool, outcome, time).With(input, input, provenance);
    }

    private static ToolResult ResultOf(in OtlpSpan span)
    {
        var given = OtlpValue.Find(span.Span, "gen_ai.tool.call.result");
        var output = given is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : given?.ToJsonString();
        return new ToolResult(span.Error is null, output ?? span.Error ?? "")
        {
            Data = ValueOf(given) is { ValueKind: not JsonValueKind.String } data ? data : null,
        };
    }

    /// <summary>Spans carry objects as they are, or as a string that holds their JSON.</summary>
    private static JsonElement? ValueOf(JsonNode? given)
    {
        if (given is JsonValue value && value.GetValueKind() == JsonValueKind.String
            && value.GetValue<string>() is { } text && text.AsSpan().TrimStart() is ['{' or '[', ..])
        {
            try
            {
                var bytes = System.Text.Encoding.UTF8.GetBytes(text);
                var json = new StrictJsonReader(bytes);
                json.Read();
                json.Skip();
                return json.Read() ? JsonSerializer.SerializeToElement(text) : JsonElement.Parse(bytes);
            }
            catch (UnreadableException)
            {
                // It merely begins like JSON, and stays the text that it is.
            }
        }

        return given is null ? null : JsonSerializer.SerializeToElement(given);
    }

    private static string? ConversationOf(OtlpSpan span, Dictionary<string, OtlpSpan> byId)
    {
        var seen = span;
        for (var parents = 0; parents < MostParents; parents++)
        {
            if (seen.Conversation is { } conversation)
            {
                return conversation;
            }

            if (seen.ParentKey is not { } parent || !byId.TryGetValue(parent, out seen))
            {
                break;
            }
        }

        return span.Session ?? span.ConversationOfResource;
    }
}
