namespace Audit.Node.CommandLine.Hosts;

/// <summary>What is told of a host's calls, as items of the intake.</summary>
internal static class HostJson
{
    public static readonly JsonSerializerOptions Indented = new()
    {
        Encoder = DerivedJson.Options.Encoder, MaxDepth = DerivedJson.Options.MaxDepth, WriteIndented = true,
    };

    public static string Now => Timestamp.From(DateTimeOffset.UtcNow).ToString();

    /// <summary>An object with the members that are written.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> members) => DerivedJson.Write(members);

    public static byte[] Record(HostNames names, ToolAuditRecord record) => Write(json =>
    {
        names.WriteTo(json);
        json.WritePropertyName("record"u8);
        record.WriteTo(json);
    });

    public static byte[] Note(HostNames names, string type, Action<Utf8JsonWriter> detail) => Write(json =>
    {
        names.WriteTo(json);
        json.WriteStartObject("note"u8);
        json.WriteString("type"u8, type);
        json.WriteString("at"u8, Now);
        json.WriteStartObject("detail"u8);
        detail(json);
        json.WriteEndObject();
        json.WriteEndObject();
    });
}
