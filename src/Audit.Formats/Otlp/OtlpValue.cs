using System.Text.Json.Nodes;

namespace Audit.Formats.Otlp;

/// <summary>The attributes of a span, a log record or a resource, as OTLP writes them in JSON.</summary>
internal sealed class OtlpAttributes
{
    private readonly Dictionary<string, JsonElement> values = new(StringComparer.Ordinal);

    public OtlpAttributes(JsonElement owner)
    {
        foreach (var attribute in owner.ArrayMember("attributes"))
        {
            if (attribute.Text("key") is { } key && attribute.ObjectMember("value") is { } value)
            {
                values.TryAdd(key, value);
            }
        }
    }

    public IEnumerable<string> Keys => values.Keys;

    /// <summary>The value of the first of these that there is, unwrapped; null where there is none.</summary>
    public JsonNode? Find(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (values.TryGetValue(key, out var value) && OtlpValue.Unwrap(value) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Only of a string that is not empty.</summary>
    public string? Text(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (values.TryGetValue(key, out var value) && value.Text("stringValue") is { } text)
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>Numbers and flags come as such or as their text.</summary>
    public string? Plain(params ReadOnlySpan<string> keys) => Find(keys) switch
    {
        JsonValue value when value.GetValueKind() == JsonValueKind.String => value.GetValue<string>(),
        JsonValue value => value.ToJsonString(),
        _ => null,
    };

    public bool Has(string key, string value) => value.Length == 0
        ? values.ContainsKey(key)
        : Text(key)?.Equals(value, StringComparison.OrdinalIgnoreCase) == true;
}

/// <summary>Values as OTLP writes them in JSON.</summary>
internal static class OtlpValue
{
    public static JsonNode? Unwrap(JsonElement value)
    {
        if (value.Member("stringValue") is { ValueKind: JsonValueKind.String } text)
        {
            return JsonValue.Create(text.GetString());
        }

        if (value.Member("intValue") is { } number)
        {
            // 64 bits do not fit into the numbers of every reader of JSON, so they are written as strings.
            var culture = CultureInfo.InvariantCulture;
            return long.TryParse(number.AsText(), NumberStyles.AllowLeadingSign, culture, out var whole)
                ? JsonValue.Create(whole)
                : JsonValue.Create(number.AsText());
        }

        if (value.ObjectMember("arrayValue") is { } array)
        {
            return new JsonArray([.. array.ArrayMember("values").Select(Unwrap)]);
        }

        return value.ObjectMember("kvlistValue") is { } list ? UnwrapList(list) : Plain(value);
    }

    /// <summary>Emitters write objects as they are, or as a string that holds their JSON.</summary>
    public static JsonElement? Parse(JsonNode? given)
    {
        if (given is JsonValue value && value.GetValueKind() == JsonValueKind.String
            && value.GetValue<string>() is { } text && text.AsSpan().TrimStart() is ['{' or '[', ..])
        {
            try
            {
                var bytes = Encoding.UTF8.GetBytes(text);
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

    private static JsonNode? Plain(JsonElement value) =>
        (value.Member("boolValue") ?? value.Member("doubleValue") ?? value.Member("bytesValue")) is { } plain
            && plain.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)
            ? JsonValue.Create(plain)
            : null;

    private static JsonObject UnwrapList(JsonElement list)
    {
        var members = new JsonObject();
        foreach (var member in list.ArrayMember("values"))
        {
            if (member.Text("key") is { } key)
            {
                members[key] = member.ObjectMember("value") is { } value ? Unwrap(value) : null;
            }
        }

        return members;
    }
}

/// <summary>How requests for export are built in JSON.</summary>
internal static class OtlpShape
{
    private const int MostRefused = 10_000;

    /// <summary>What stands where a span could stand and is none may have been one to whoever sent it.</summary>
    public static void RefuseOthers(
        JsonElement happened, string resources, string scopes, string spans, IFormatSink sink)
    {
        foreach (var ofResource in happened.ArrayMember(resources))
        {
            Refuse(ofResource, resources, scopes, sink);
            foreach (var ofScope in ofResource.ArrayMember(scopes))
            {
                Refuse(ofScope, scopes, spans, sink);
                foreach (var other in ofScope.ArrayMember(spans).Where(one => one.ValueKind != JsonValueKind.Object))
                {
                    sink.Invalid($"{spans}: an object is expected, not {ShortText.Of(other.Raw(), ShortText.Quoted)}");
                }
            }
        }
    }

    /// <summary>With what they stand in, which may be empty, and of which each may be one by itself.</summary>
    public static int CountAll(JsonElement happened, string resources, string scopes, string spans) =>
        happened.ArrayMember(resources).Sum(ofResource => 1 + ofResource.ArrayMember(scopes).Sum(
            ofScope => 1 + ofScope.ArrayMember(spans).Count()));

    /// <summary>
    /// The request without the spans or log records that cannot be read strictly: one that has half a character, or is
    /// nested absurdly, keeps none of the others from the book.
    /// </summary>
    /// <returns>Null where that is not all that is wrong.</returns>
    public static ReadOnlyMemory<byte>? Sound(
        ReadOnlySpan<byte> text, (string Resources, string Scopes, string Spans)[] signals, IFormatSink sink)
    {
        var (sound, refused) = (new ArrayBufferWriter<byte>(text.Length + 1), new List<string>());
        try
        {
            Keep(text, [.. signals.Select(one => new[] { one.Resources, one.Scopes, one.Spans })], sound, refused);
        }
        catch (JsonException)
        {
            return null;
        }

        refused.ForEach(sink.Invalid);
        if (refused.Count == 0)
        {
            return null;
        }

        return sound.WrittenMemory;
    }

    private static void Keep(
        ReadOnlySpan<byte> text, string[][] signals, ArrayBufferWriter<byte> sound, List<string> refused)
    {
        var json = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = int.MaxValue });
        // Of each signal, how many of the names lead to here.
        var at = new int[signals.Length];
        var from = 0;
        while (json.Read())
        {
            if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth is 1 or 3 or 5)
            {
                Follow(json, signals, at);
            }
            else if (json.TokenType == JsonTokenType.StartArray && json.CurrentDepth == 5
                && Array.IndexOf(at, 3) is >= 0 and var signal)
            {
                sound.Write(text[from..(int)json.BytesConsumed]);
                KeepSpans(text, ref json, signals[signal][^1], sound, refused);
                from = (int)json.TokenStartIndex;
            }
        }

        sound.Write(text[from..]);
    }

    private static void Follow(in Utf8JsonReader json, string[][] signals, int[] at)
    {
        var level = json.CurrentDepth / 2;
        for (var signal = 0; signal < signals.Length; signal++)
        {
            at[signal] = Math.Min(at[signal], level);
            if (at[signal] == level && !json.ValueIsEscaped && json.ValueTextEquals(signals[signal][level]))
            {
                at[signal]++;
            }
        }
    }

    private static void KeepSpans(
        ReadOnlySpan<byte> text, ref Utf8JsonReader json, string name, ArrayBufferWriter<byte> sound,
        List<string> refused)
    {
        var depth = json.CurrentDepth + 1;
        var (count, kept) = (0, 0);
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)json.TokenStartIndex;
            json.Skip();
            var span = text[start..(int)json.BytesConsumed];
            if (Refusal(span, depth) is { } sentence)
            {
                refused.Add(refused.Count < MostRefused ? $"{name}[{count}]: {sentence}" : throw new JsonException());
            }
            else
            {
                sound.Write(kept++ == 0 ? [] : ","u8);
                sound.Write(span);
            }

            count++;
        }
    }

    private static string? Refusal(ReadOnlySpan<byte> span, int depth)
    {
        try
        {
            var strict = new StrictJsonReader(span, StrictJsonReader.MaxDepth - depth);
            strict.Read();
            strict.Skip();
            return null;
        }
        catch (UnreadableException unreadable)
        {
            return unreadable.Message;
        }
    }

    private static void Refuse(JsonElement owner, string name, string member, IFormatSink sink)
    {
        if (owner.ValueKind != JsonValueKind.Object)
        {
            sink.Invalid($"{name}: an object is expected, not {ShortText.Of(owner.Raw(), ShortText.Quoted)}");
        }
        else if (owner.Member(member) is { ValueKind: not JsonValueKind.Array })
        {
            sink.Invalid($"{name}.{member}: an array is expected");
        }
        else if (owner.EnumerateObject().Select(one => one.Name).FirstOrDefault(IsOld) is { } old)
        {
            sink.Invalid($"{name}.{old}: a name of OTLP before its first version; {member} is expected");
        }
    }

    private static bool IsOld(string name) =>
        name.StartsWith("instrumentationLibrary", StringComparison.Ordinal) && name.EndsWith('s');
}
