using System.Text.Json;

namespace Audit.Projections.Feeding;

/// <summary>Reads the value of the member that a reader stands at.</summary>
internal static class JsonFacts
{
    public static Timestamp Time(ref Utf8JsonReader json)
    {
        json.Read();
        var read = json.TokenType == JsonTokenType.String
            && (json.ValueIsEscaped ? Rfc3339.TryParse(json.GetString()!, out var time) : Rfc3339.TryParse(json.ValueSpan, out time))
            ? time
            : throw new InvalidDataException("a time in it is not one of RFC 3339");
        return Instants.Clamp(read);
    }

    public static string? Name(ref Utf8JsonReader json, SharedNames names)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            return json.ValueIsEscaped ? json.GetString() : names.Of(json.ValueSpan);
        }

        json.Skip();
        return null;
    }

    public static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            return json.GetString();
        }

        json.Skip();
        return null;
    }

    public static long? Number(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var number))
        {
            return number;
        }

        json.Skip();
        return null;
    }

    public static bool Flag(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
        return json.TokenType == JsonTokenType.True;
    }
}
