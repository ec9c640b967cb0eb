namespace Audit.Formats.Otlp;

/// <summary>A span with the resource that sent it.</summary>
internal readonly record struct OtlpSpan(JsonElement Span, JsonElement? Resource)
{
    private const string ExecuteTool = "execute_tool";
    private static readonly Timestamp Epoch = new(DateTime.UnixEpoch.Ticks, 0);

    public string? SpanId => Span.Text("spanId");

    public bool IsMcp => OtlpValue.Text(Span, "mcp.method.name") == "tools/call";

    /// <summary>Older emitters say what a span is by its name alone.</summary>
    public bool IsExecuteTool => OtlpValue.Text(Span, "gen_ai.operation.name") is { } operation
        ? operation == ExecuteTool
        : Span.Text("name")?.StartsWith($"{ExecuteTool} ", StringComparison.Ordinal) == true;

    public string Tool => OtlpValue.Text(Span, "gen_ai.tool.name")
        ?? (Span.Text("name") is { } name && name.IndexOf(' ') is var space and >= 0 ? name[(space + 1)..] : "");

    /// <summary>A span is known by its id within its trace.</summary>
    public string Key => $"{Span.Text("traceId")}/{Span.Text("spanId")}";

    public string? ParentKey => Span.Text("parentSpanId") is { } parent ? $"{Span.Text("traceId")}/{parent}" : null;

    public string? Conversation => OtlpValue.Text(Span, "gen_ai.conversation.id");

    public string? Session => OtlpValue.Text(Span, "session.id") ?? OtlpValue.Text(Span, "mcp.session.id");

    public string? ConversationOfResource => Resource is { } resource
        ? OtlpValue.Text(resource, "gen_ai.conversation.id") ?? OtlpValue.Text(resource, "session.id")
        : null;

    /// <summary>What went wrong; null when the span ended well.</summary>
    public string? Error
    {
        get
        {
            var status = Span.ObjectMember("status");
            var isError = status?.Member("code") is { } code && code.AsText() is "2" or "STATUS_CODE_ERROR";
            var type = OtlpValue.Text(Span, "error.type");
            return isError || type is not null ? status?.Text("message") ?? type ?? "error" : null;
        }
    }

    /// <returns>Null when the span does not have it.</returns>
    public string? Time(string name)
    {
        if (Span.Member(name)?.AsText() is not { } text || text == "0")
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nanos)
            ? Rfc3339.Format(Epoch.AddNanoseconds(nanos))
            : throw new UnreadableException(
                name, $"nanoseconds since 1970 are expected, not \"{ShortText.Of(text, ShortText.Quoted)}\"");
    }
}
