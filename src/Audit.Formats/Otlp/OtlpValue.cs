using System.Text.Json.Nodes;

namespace Audit.Formats.Otlp;

/// <summary>Attributes as OTLP writes them in JSON.</summary>
internal static class OtlpValue
{
    /// <summary>The value of an attribute, unwrapped; null where there is none.</summary>
    public static JsonNode? Find(JsonElement owner, string key)
    {
        foreach (var attribute in owner.ArrayMember("attributes"))
        {
            if (attribute.Text("key") == key && attribute.ObjectMember("value") is { } value)
            {
                return Unwrap(value);
            }
        }

        return null;
    }

    public static string? Text(JsonElement owner, string key) =>
        Find(owner, key) is JsonValue value && value.GetValueKind() == JsonValueKind.String
            && value.GetValue<string>() is { Length: > 0 } text
            ? text
            : null;

    private static JsonNode? Unwrap(JsonElement value)
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
