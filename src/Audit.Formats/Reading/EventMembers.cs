using System.Runtime.InteropServices;

namespace Audit.Formats.Reading;

/// <summary>
/// Asks an event for its members. What may be missing may also be of another kind than expected: then it is not there.
/// </summary>
internal static class EventMembers
{
    /// <summary>Null too for a member that is null.</summary>
    public static JsonElement? Member(this JsonElement happened, string name) =>
        happened.ValueKind == JsonValueKind.Object && happened.TryGetProperty(name, out var member)
            && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    public static JsonElement? ObjectMember(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.Object } member ? member : null;

    public static IEnumerable<JsonElement> ArrayMember(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.Array } member ? member.EnumerateArray() : [];

    /// <summary>Null too for a member that is empty.</summary>
    public static string? Text(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.String } member
            && member.GetString() is { Length: > 0 } text
            ? text
            : null;

    public static long? Count(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.Number } member
            && member.TryGetInt64(out var count) && count >= 0
            ? count
            : null;

    public static long? Number(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.Number } member && member.TryGetInt64(out var number)
            ? number
            : null;

    public static double? Fraction(this JsonElement happened, string name) =>
        happened.Member(name) is { ValueKind: JsonValueKind.Number } member ? member.GetDouble() : null;

    /// <summary>What a model writes as a text that holds JSON; as it is where it holds none that can be kept.</summary>
    public static JsonElement? Arguments(this JsonElement happened, string name) =>
        happened.Member(name) is not { } member ? null
        : member.ValueKind == JsonValueKind.String ? member.GetString()!.AsObject() ?? member
        : member;

    /// <summary>The object that a text holds; null where it holds none, strictly read.</summary>
    public static JsonElement? AsObject(this string text)
    {
        try
        {
            return text.StartsWith('{') ? StrictEvents.Parse(Encoding.UTF8.GetBytes(text)) : null;
        }
        catch (UnreadableException)
        {
            return null;
        }
    }

    /// <summary>Text alone, or a list of parts of which some are text.</summary>
    public static string PartsText(this JsonElement? content) => content switch
    {
        null => "",
        { ValueKind: JsonValueKind.Array } parts =>
            string.Join('\n', parts.EnumerateArray().Select(part => part.Text("text")).OfType<string>()),
        { } other => other.AsText(),
    };

    /// <summary>What cannot be understood of one part keeps none of the others from the book.</summary>
    public static void ReadEach(this IEnumerable<JsonElement> parts, IFormatSink sink, Action<JsonElement> read)
    {
        foreach (var part in parts)
        {
            try
            {
                read(part);
            }
            catch (UnreadableException unreadable)
            {
                sink.Invalid(unreadable.Message);
            }
        }
    }

    /// <summary>By what a chat says whose it is.</summary>
    public static string? ConversationId(this JsonElement body) =>
        body.Text("session_id") ?? body.Text("conversation_id") ?? body.ObjectMember("conversation")?.Text("id")
        ?? body.ObjectMember("metadata")?.Text("session_id");

    public static bool? Flag(this JsonElement happened, string name) => happened.Member(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static JsonElement RequireObject(this JsonElement happened, string name) =>
        happened.ObjectMember(name) ?? throw Missing(happened, name, "an object");

    public static string RequireText(this JsonElement happened, string name, string within = "") =>
        happened.Text(name) ?? throw Missing(happened, name, "a string", within);

    /// <exception cref="UnreadableException">It has none of them, and is nothing of the kind.</exception>
    public static void RequireOneOf(this JsonElement happened, string[] names, string what)
    {
        if (Array.TrueForAll(names, name => happened.Member(name) is null))
        {
            throw new UnreadableException("", $"{what} has one of {string.Join(", ", names)}");
        }
    }

    public static bool RequireFlag(this JsonElement happened, string name, string within = "") =>
        happened.Flag(name) ?? throw Missing(happened, name, "true or false", within);

    /// <summary>A time as the host wrote it.</summary>
    public static string? Time(this JsonElement happened, string name)
    {
        var text = happened.Text(name);
        return text is null || Rfc3339.TryParse(text, out _)
            ? text
            : throw new UnreadableException(name, $"not an RFC 3339 time: \"{ShortText.Of(text, ShortText.Quoted)}\"");
    }

    /// <summary>The JSON of a value as it stands in the event.</summary>
    public static string Raw(this JsonElement value) => Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(value));

    /// <summary>A string as it is, anything else as its JSON.</summary>
    public static string AsText(this JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : value.Raw();

    private static UnreadableException Missing(
        JsonElement happened, string name, string expected, string within = "") =>
        new(
            within.Length == 0 ? name : $"{within}.{name}",
            happened.ValueKind == JsonValueKind.Object && happened.TryGetProperty(name, out _)
                ? $"{expected} is expected"
                : "missing");
}

/// <summary>Objects that are made of what an event says in another shape.</summary>
internal static class MadeJson
{
    public static JsonElement Of(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return JsonElement.Parse(buffer.WrittenSpan);
    }
}
