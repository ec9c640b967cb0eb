using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Records;

/// <summary>
/// Reads what a derived record says in the words that another channel would use: the text of an output, however it is
/// wrapped, with the same ends of lines and no white space around it.
/// </summary>
public static class SaidReader
{
    /// <summary>The `output` of a derived record whose source says that a tool ended, and not with what.</summary>
    public const string NotReported = "not_reported";

    private const int Head = 1 << 10;
    private const int Longer = 16 << 10;

    /// <param name="record">A record that was read already.</param>
    public static Said Of(ReadOnlyMemory<byte> record, RecordHasher hasher)
    {
        using var document = JsonDocument.Parse(
            record, new JsonDocumentOptions { MaxDepth = Json.StrictJsonReader.MaxDepth + 2 });
        var outcome = document.RootElement.GetProperty("outcome");
        var isSilent = Text(document.RootElement, "output") == NotReported;
        var result = Member(outcome, "result");
        var data = result is { } given ? Member(given, "data") : Member(outcome, "permission");
        // A reason that is empty is not given.
        var text = isSilent ? null : result is { } had ? TextOf(had, data)
            : (Text(outcome, "reason") ?? Text(outcome, "error")) is { Length: > 0 } why ? why : null;
        var utf8 = Encoding.UTF8.GetBytes(text?.ReplaceLineEndings("\n").Trim() ?? "");
        return new Said(
            Outcome: Hash(hasher, Text(outcome, "decision")),
            Text: text is null ? default : hasher.OfBytes(utf8),
            Head: utf8.Length > Head ? hasher.OfBytes(utf8.AsSpan(0, Head)) : default,
            Longer: utf8.Length > Longer ? hasher.OfBytes(utf8.AsSpan(0, Longer)) : default,
            Data: data is { } more ? hasher.OfComparable(Encoding.UTF8.GetBytes(more.GetRawText()), -1) : default);
    }

    /// <returns>Null where the output is nothing but the JSON of the data, in which no text is known.</returns>
    private static string? TextOf(JsonElement result, JsonElement? data)
    {
        var known = data switch
        {
            { ValueKind: JsonValueKind.Array } parts => TextOf(parts),
            { ValueKind: JsonValueKind.Object } streams when Text(streams, "stdout") is { } written =>
                Text(streams, "stderr") is { Length: > 0 } errors ? $"{written.TrimEnd()}\n{errors}" : written,
            { ValueKind: JsonValueKind.Object } wrapper when Member(wrapper, "content") is
                { ValueKind: JsonValueKind.Array } parts => TextOf(parts),
            _ => null,
        };
        var output = Text(result, "output");
        var isJson = data is { ValueKind: JsonValueKind.Object or JsonValueKind.Array }
            && output.AsSpan().TrimStart() is ['{' or '[', ..];
        return known ?? (isJson ? null : output);
    }

    private static string? TextOf(JsonElement parts)
    {
        var texts = parts.EnumerateArray()
            .Where(part => part.ValueKind == JsonValueKind.Object)
            .Select(part => Text(part, "text")).OfType<string>().ToList();
        return texts.Count == 0 ? null : string.Join('\n', texts);
    }

    private static Fingerprint Hash(RecordHasher hasher, string? text) =>
        text is null ? default : hasher.OfBytes(Encoding.UTF8.GetBytes(text));

    private static JsonElement? Member(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty(name, out var member)
            && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    private static string? Text(JsonElement value, string name) =>
        Member(value, name) is { ValueKind: JsonValueKind.String } member ? member.GetString() : null;
}
