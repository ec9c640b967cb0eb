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
