using System.Text.Json.Serialization.Metadata;

namespace Audit.Projections.Stores;

/// <summary>The models as documents: what a row says beside the columns by which it is found.</summary>
internal static class ReadJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
        Converters = { new TimestampNumber() },
    };

    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)Options.GetTypeInfo(typeof(T));

    public static T Document<T>(this IStoredRow row, int column, JsonTypeInfo<T> json) =>
        JsonSerializer.Deserialize(row.Bytes(column), json)!;
}

internal sealed class TimestampNumber : JsonConverter<Timestamp>
{
    public override Timestamp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Instants.FromNumber(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Timestamp value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Instants.ToNumber(value));
}
