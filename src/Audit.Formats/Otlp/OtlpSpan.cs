using System.Text.Json.Nodes;

namespace Audit.Formats.Otlp;

/// <summary>What a span or a log record is sent with.</summary>
internal sealed record OtlpOrigin(OtlpAttributes Resource, string? Scope);

/// <summary>A span, or a log record, with what it says of itself in one of the dialects.</summary>
internal sealed class OtlpSpan(JsonElement span, OtlpOrigin origin, IReadOnlyList<OtlpDialect> known)
{
    private static readonly Timestamp Epoch = new(DateTime.UnixEpoch.Ticks, 0);

    private const string McpPrefix = "mcp__";
    private static readonly string[] NamePrefixes = ["execute_tool ", "tools/call "];

    public OtlpAttributes Attributes { get; } = new(span);

    public string? SpanId => Id("spanId");

    /// <summary>For sentences about it.</summary>
    public string What => span.Text("name") is null && Name.Length > 0 ? $"event {ShortText.Of(Name, ShortText.Quoted)}"
        : $"span {SpanId ?? "without an id"}";

    /// <summary>In small letters, for JSON may have either.</summary>
    public string? Trace => Id("traceId");

    public string? Parent => Id("parentSpanId");

    /// <summary>
    /// Of a log record that is an event emitters write the name in one of three places, and in others a part of it.
    /// </summary>
    public string Name => field ??= span.Text("name") ?? EventNames.FirstOrDefault(IsKnown)
        ?? EventNames.FirstOrDefault(one => one is not null) ?? "";

    public bool IsMcp => Attributes.Text("mcp.method.name") == "tools/call";

    public bool IsCall => Dialects.Exists(dialect => dialect.MakesCall);

    public bool IsStep => Dialects.Exists(dialect => dialect.TellsSteps);

    /// <summary>Whether its tool ran is told by spans within it.</summary>
    public bool IsSettledWithin => Dialects.Exists(dialect => dialect.IsSettledWithin);

    /// <summary>It has the shape of a call and repeats what others say.</summary>
    public bool IsNoCall => Dialects.Exists(dialect => dialect.NoCall.Contains(Tool));

    public string Tool => Text(one => one.Tool)
        ?? Attributes.Text("gen_ai.tool.name")
        ?? (Array.Find(NamePrefixes, prefix => Name.StartsWith(prefix, StringComparison.Ordinal)) is { } begin
            ? Name[begin.Length..]
            : Name);

    public string? Call => Text(one => one.Call) ?? Attributes.Text("gen_ai.tool.call.id");

    /// <summary>A call without an id of its own is known by its span.</summary>
    public string CallId => Call ?? $"span:{SpanId ?? span.RequireText("spanId").ToLowerInvariant()}";

    /// <summary>What an agent called and what its server was asked are one; any other within it is another.</summary>
    public bool IsSameCallAs(OtlpSpan around) => Call is { } own && around.Call is { } other ? own == other
        : around.Tool == Tool || (around.Tool.StartsWith(McpPrefix, StringComparison.Ordinal)
            && around.Tool.EndsWith("__" + Tool, StringComparison.Ordinal));

    public string Host => Dialects.Find(one => one.Host != OtlpDialects.Format)?.Host ?? OtlpDialects.Format;

    /// <summary>The conversation or session that it names itself.</summary>
    public string? Conversation => Attributes.Text(OtlpDialects.Conversations);

    /// <summary>The others of its trace name it too, each for itself.</summary>
    public bool IsNamedOnEach => Attributes.Text(OtlpDialects.OnEachSpan) == Conversation
        && !Attributes.Has(OtlpDialects.OfOpenInference, "");

    /// <summary>What a whole process, or a connection of MCP, calls its session.</summary>
    public string? OtherSession => Attributes.Text("mcp.session.id")
        ?? origin.Resource.Text(OtlpDialects.Conversations);

    public string? Agent => Attributes.Text(OtlpDialects.Agents);

    public JsonElement? Input
    {
        get
        {
            var input = OtlpValue.Parse(Find(one => one.Input));
            return input ?? (Dialects.Find(one => one.InputMembers is not null) is { } dialect
                ? MembersOf(dialect.InputMembers!.Value)
                : null);
        }
    }

    public JsonNode? Output => Find(one => one.Output);

    /// <summary>What went wrong; null when the span ended well.</summary>
    public string? Error
    {
        get
        {
            var status = span.ObjectMember("status");
            var isError = status?.Member("code") is { } code && code.AsText() is "2" or "STATUS_CODE_ERROR";
            var type = Attributes.Text("error.type");
            return isError || type is not null || Dialects.Exists(one => one.Failing is { } mark && HasMark(mark))
                ? status?.Text("message") ?? Plain(one => one.Error) ?? type ?? "error"
                : null;
        }
    }

    public Provenance? Provenance
    {
        get
        {
            var (provider, model) = (Attributes.Text(OtlpDialects.Providers), Attributes.Text(OtlpDialects.Model));
            return provider is null && model is null ? null : new Provenance(provider ?? "", model ?? "");
        }
    }

    private string?[] EventNames =>
        [span.Text("eventName"), Attributes.Text("event.name"), span.ObjectMember("body")?.Text("stringValue")];

    private List<OtlpDialect> Dialects => field ??= [.. known.Where(one => Array.Exists(one.Marks, HasMark))];

    /// <summary>The first attribute that its dialects have for something.</summary>
    public string? Text(Func<OtlpDialect, string[]> keys) => FirstOf(keys, found => Attributes.Text(found));

    public string? Plain(Func<OtlpDialect, string[]> keys) => FirstOf(keys, found => Attributes.Plain(found));

    /// <returns>Null when the span does not have it.</returns>
    public Timestamp? Time(string name)
    {
        if (span.Member(name)?.AsText() is not { } text || text == "0")
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var nanos)
            ? Epoch.AddNanoseconds(nanos)
            : throw new UnreadableException(
                name, $"nanoseconds since 1970 are expected, not \"{ShortText.Of(text, ShortText.Quoted)}\"");
    }

    private JsonNode? Find(Func<OtlpDialect, string[]> keys) =>
        FirstOf(keys, found => Attributes.Find(found));

    private T? FirstOf<T>(Func<OtlpDialect, string[]> keys, Func<string[], T?> read)
        where T : class => Dialects.Select(dialect => read(keys(dialect))).FirstOrDefault(found => found is not null);

    private JsonElement? MembersOf((string Begin, string End) names)
    {
        var members = new JsonObject();
        foreach (var key in Attributes.Keys)
        {
            if (key.Length > names.Begin.Length + names.End.Length
                && key.StartsWith(names.Begin, StringComparison.Ordinal)
                && key.EndsWith(names.End, StringComparison.Ordinal))
            {
                members[key[names.Begin.Length..^names.End.Length]] = Attributes.Find(key);
            }
        }

        return members.Count == 0 ? null : JsonSerializer.SerializeToElement(members);
    }

    private bool HasMark(OtlpMark mark) => mark.Kind switch
    {
        OtlpMarkKind.Attribute => Attributes.Has(mark.Key, mark.Value)
            && (mark.With is null || Attributes.Has(mark.With, "")),
        OtlpMarkKind.Scope => origin.Scope == mark.Key,
        _ => IsNamed(mark, Name),
    };

    private bool IsKnown(string? name) => name is not null && known.Any(dialect =>
        Array.Exists(dialect.Marks, mark => mark.Kind == OtlpMarkKind.Name && IsNamed(mark, name)));

    private static bool IsNamed(OtlpMark mark, string name) =>
        mark.Key.EndsWith(' ') ? name.StartsWith(mark.Key, StringComparison.Ordinal) : name == mark.Key;

    /// <summary>OTLP has no ids of zeros: they stand for none.</summary>
    private string? Id(string name) =>
        span.Text(name) is { } id && id.AsSpan().ContainsAnyExcept('0') ? id.ToLowerInvariant() : null;
}
