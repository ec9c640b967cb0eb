using System.Security.Cryptography;

namespace Audit.Formats.Correlation;

/// <summary>A short name for a JSON value that does not depend on the order of its members or on white space.</summary>
internal static class CanonicalJson
{
    private const int NameLength = 16;

    public static string NameOf(JsonElement value)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { MaxDepth = 128 }))
        {
            Write(json, value);
        }

        return NameOf(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    public static string NameOf(string text) => NameOf(Encoding.UTF8.GetBytes(text));

    private static string NameOf(ReadOnlySpan<byte> bytes) =>
        Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, NameLength / 2));

    private static void Write(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject().OrderBy(member => member.Name, StringComparer.Ordinal))
                {
                    json.WritePropertyName(member.Name);
                    Write(json, member.Value);
                }

                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }
}
