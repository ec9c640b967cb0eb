using Audit.Formats.Correlation;

namespace Audit.Formats.Protocols;

/// <summary>
/// CloudEvents, whose data is an item or a tool audit record of ours, or an event of another format that is known. Who
/// sends and the id make the event one, however often it comes.
/// </summary>
internal sealed class CloudEventsReader(
    Func<JsonElement, string?, IEventReader?> readerOf, string? session) : IEventReader
{
    private const string Format = "cloudevents";

    private static readonly string[] SessionMembers = ["sessionid", "partitionkey"];

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var version = happened.RequireText("specversion");
        if (version != "1.0")
        {
            throw new UnreadableException("specversion", $"1.0 is expected, not \"{ShortText.Of(version, 20)}\"");
        }

        var (source, id) = (happened.RequireText("source"), happened.RequireText("id"));
        var type = happened.RequireText("type");
        var named = session ?? SessionMembers.Select(name => happened.Text(name)).OfType<string>().FirstOrDefault();
        var place = 0;
        foreach (var data in DataOf(happened))
        {
            place++;
            ReadData(data, named, place == 1 ? $"{source} {id}" : $"{source} {id} {place}", type, number, sink);
        }

        if (place == 0)
        {
            sink.Ignored($"{type} without data");
        }
    }

    /// <summary>An object, a list of them, or bytes that hold one. A text that holds JSON stays a text.</summary>
    private static IEnumerable<JsonElement> DataOf(JsonElement happened)
    {
        var isJson = happened.Text("datacontenttype") is not { } kind
            || kind.Contains("json", StringComparison.OrdinalIgnoreCase);
        var data = happened.Member("data") ?? (happened.Text("data_base64") is { } packed
            ? (isJson ? Unpacked(packed) : null) ?? JsonSerializer.SerializeToElement(packed)
            : null);
        if (data is { ValueKind: JsonValueKind.String } text && text.GetString()!.AsObject() is not null)
        {
            throw new UnreadableException("data", "a text that holds JSON; CloudEvents have it as an object");
        }

        return data is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : data is { } one ? [one] : [];
    }

    private static JsonElement? Unpacked(string packed)
    {
        var bytes = new byte[packed.Length];
        try
        {
            return Convert.TryFromBase64String(packed, bytes, out var length)
                ? StrictEvents.Parse(bytes.AsSpan(0, length))
                : null;
        }
        catch (UnreadableException)
        {
            return null;
        }
    }

    private void ReadData(
        JsonElement data, string? named, string id, string type, long number, IFormatSink sink)
    {
        if (data.ValueKind != JsonValueKind.Object)
        {
            sink.Ignored($"{type} with data that is no object");
        }
        else if (IsRecord(data) || data.ObjectMember("record") is { } record && IsRecord(record))
        {
            sink.Item(Item(data, named, id));
        }
        else if (readerOf(data, named) is { } reader)
        {
            reader.Read(data, number, sink);
        }
        else if (data.Member("tool_call_id") is not null)
        {
            throw new UnreadableException("data.outcome", "missing, or no object; a record with tool_call_id has one");
        }
        else
        {
            sink.Ignored($"{type} of no format here");
        }
    }

    private static bool IsRecord(JsonElement data) =>
        data.Member("tool_call_id") is not null && data.ObjectMember("outcome") is not null;

    /// <summary>With a message_id of the event's own where the sender gave none.</summary>
    private static byte[] Item(JsonElement data, string? session, string id)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        var envelope = data.ObjectMember("record") is null ? default : data;
        if (envelope.Member("session_id") is null && session is not null)
        {
            json.WriteString("session_id"u8, session);
        }

        if (envelope.Member("message_id") is null)
        {
            json.WriteString("message_id"u8, $"{Format}:{CanonicalJson.NameOf(id)}");
        }

        if (envelope.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in envelope.EnumerateObject())
            {
                member.WriteTo(json);
            }
        }
        else
        {
            json.WritePropertyName("record"u8);
            data.WriteTo(json);
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
