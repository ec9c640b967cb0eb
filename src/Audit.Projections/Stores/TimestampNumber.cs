using System.Text.Json;
using System.Text.Json.Serialization;
using Audit.Projections.Models;

namespace Audit.Projections.Stores;

internal sealed class TimestampNumber : JsonConverter<Timestamp>
{
    public override Timestamp Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Instants.FromNumber(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Timestamp value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Instants.ToNumber(value));
}
