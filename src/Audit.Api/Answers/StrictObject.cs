namespace Audit.Api.Answers;

/// <summary>
/// A small JSON object that was sent, read as strictly as a record, whose members are asked for by name.
/// </summary>
internal sealed class StrictObject
{
    /// <summary>A body above this is no act on a window, a call or a token.</summary>
    public const int MaxBytes = 64 << 10;

    private readonly JsonElement members;

    private StrictObject(ReadOnlyMemory<byte> bytes, JsonElement members)
    {
        Bytes = bytes;
        this.members = members;
    }

    /// <summary>The object as it was sent; empty when nothing was.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <exception cref="UnreadableException">It is not one strict JSON object; the message says where.</exception>
    public static StrictObject Parse(ReadOnlyMemory<byte> bytes)
    {
        if (!bytes.Span.ContainsAnyExcept(" \t\r\n"u8))
        {
            return new StrictObject(default, JsonDocument.Parse("{}").RootElement);
        }

        var json = new StrictJsonReader(bytes.Span);
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            throw new UnreadableException("", $"a JSON object is expected, not {json.Quote()}");
        }

        var start = json.TokenStart;
        json.Skip();
        var whole = bytes[start..json.TokenEnd];
        if (json.Read())
        {
            throw json.Unreadable("one JSON object is expected, and there is more behind it");
        }

        return new StrictObject(whole, JsonDocument.Parse(whole).RootElement);
    }

    /// <summary>The same object with no whitespace between its tokens.</summary>
    public ReadOnlySpan<byte> Compact()
    {
        var compact = new byte[Bytes.Length];
        return compact.AsSpan(0, CompactJson.Write(Bytes.Span, compact));
    }

    /// <exception cref="UnreadableException">There is a member of another name.</exception>
    public void RequireOnly(IReadOnlyList<string> names)
    {
        foreach (var member in members.EnumerateObject().Where(member => !names.Contains(member.Name)))
        {
            throw new UnreadableException(member.Name, $"not known; accepted are {string.Join(", ", names)}");
        }
    }

    /// <summary>Null where the member is missing or null.</summary>
    public JsonElement? Member(string name) =>
        members.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public string? Text(string name) => Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => throw Wrong(name, "a string is expected", other),
    };

    public string RequiredText(string name) =>
        Text(name) is { Length: > 0 } text ? text : throw new UnreadableException(name, "missing, or empty");

    public long RequiredNumber(string name) => Number(name) ?? throw new UnreadableException(name, "missing");

    public long? Number(string name) => Member(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetInt64(out var number) => number,
        { } value => throw Wrong(name, "a whole number is expected", value),
    };

    public bool Flag(string name) => Member(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        { } other => throw Wrong(name, "true or false is expected", other),
    };

    public string? Id(string name, int maxBytes = Ids.MaxBytes) =>
        Text(name) is not { } id ? null
        : Ids.Refuse(id, maxBytes) is { } refusal ? throw new UnreadableException(name, refusal)
        : id;

    public string RequiredId(string name) => Id(name) ?? throw new UnreadableException(name, "missing");

    public Timestamp? Time(string name) =>
        Text(name) is not { } text ? null
        : Rfc3339.TryParse(text, out var time) ? time
        : throw new UnreadableException(name, $"not an RFC 3339 time: \"{text}\"");

    public IReadOnlyList<string>? Texts(string name, int most) => Elements(name, most, "strings", TextElement);

    public IReadOnlyList<long>? Numbers(string name, int most) =>
        Elements(name, most, "whole numbers", NumberElement);

    private IReadOnlyList<T>? Elements<T>(
        string name, int most, string kind, Func<string, int, JsonElement, T> read)
    {
        if (Member(name) is not { } array)
        {
            return null;
        }

        if (array.ValueKind != JsonValueKind.Array)
        {
            throw Wrong(name, $"an array of {kind} is expected", array);
        }

        return array.GetArrayLength() <= most
            ? [.. array.EnumerateArray().Select((value, index) => read(name, index, value))]
            : throw new UnreadableException(name, $"{array.GetArrayLength()} entries; at most {most} are accepted");
    }

    private static long NumberElement(string name, int index, JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : throw Wrong($"{name}[{index}]", "a whole number is expected", value);

    private static string TextElement(string name, int index, JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw Wrong($"{name}[{index}]", "a string that is not empty is expected", value);

    public static UnreadableException Wrong(string name, string expected, JsonElement value)
    {
        var text = value.GetRawText();
        return new UnreadableException(name, $"{expected}, not {(text.Length <= 60 ? text : text[..60] + "…")}");
    }
}
