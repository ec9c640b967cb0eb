using System.Collections.Frozen;

namespace Audit.Engine.Intake;

/// <summary>
/// Makes an item small that stays large after its long strings are cut: what the law and a reader know is kept, each
/// value that is large as a marker; what nobody knows goes. However it is made big, a message is still judged.
/// </summary>
internal sealed class ItemSkeleton(RecordHasher hasher)
{
    private static readonly FrozenSet<string> Envelope =
        Names("session_id", "task_id", "agent", "parent", "message_id", "seq", "derived_id", "derived_of", "channel",
            "record", "note");

    private static readonly FrozenSet<string> Record =
        Names(
            "tool_call_id", "tool_name", "display_name", "tier", "requested_input", "effective_input", "turn",
            "provenance", "outcome", "recorded_at");

    private static readonly FrozenDictionary<string, FrozenSet<string>> Members =
        new Dictionary<string, FrozenSet<string>>
    {
        ["record"] = Record,
        ["note"] = Names("type", "at", "detail"),
        ["provenance"] = Names("provider", "model"),
        ["outcome"] = Names(
            "kind", "description", "listen_context", "reason", "result", "error", "decision", "by", "source",
            "feedback", "permission"),
        ["listen_context"] = Names("operation_id", "revision", "snapshot", "expires_at"),
        ["result"] = Names("success", "output", "artifact", "data", "documents", "duration_ms"),
    }.ToFrozenDictionary();

    private readonly ArrayBufferWriter<byte> skeleton = new(1 << 16);

    /// <param name="item">A valid item whose long strings are cut.</param>
    public byte[] Of(byte[] item, bool isBareRecord)
    {
        var json = new Utf8JsonReader(item, new JsonReaderOptions { MaxDepth = StrictJsonReader.MaxDepth + 2 });
        json.Read();
        WriteObject(ref json, item, isBareRecord ? Record : Envelope);
        return skeleton.WrittenSpan.ToArray();
    }

    private void WriteObject(ref Utf8JsonReader json, byte[] item, FrozenSet<string> kept)
    {
        var separator = "{"u8;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            json.Read();
            if (!kept.Contains(name))
            {
                json.Skip();
                continue;
            }

            skeleton.Write(separator);
            separator = ","u8;
            skeleton.Write(JsonSerializer.SerializeToUtf8Bytes(name));
            skeleton.Write(":"u8);
            WriteValue(ref json, item, name);
        }

        skeleton.Write(separator[0] == '{' ? "{}"u8 : "}"u8);
    }

    private void WriteValue(ref Utf8JsonReader json, byte[] item, string name)
    {
        if (json.TokenType == JsonTokenType.StartObject && Members.TryGetValue(name, out var kept))
        {
            WriteObject(ref json, item, kept);
            return;
        }

        var start = (int)json.TokenStartIndex;
        json.Skip();
        var value = item.AsSpan(start..(int)json.BytesConsumed);
        skeleton.Write(value.Length <= LongStrings.LongestKept ? value : LongStrings.Marker(value, hasher));
    }

    private static FrozenSet<string> Names(params string[] names) => names.ToFrozenSet();
}
