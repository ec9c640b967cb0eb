using Audit.Lifecycle.Json;

namespace Audit.Lifecycle.Records;

/// <summary>The tool audit record as hosts write it, field for field.</summary>
public sealed record ToolAuditRecord
{
    public required string ToolCallId { get; init; }

    public required string ToolName { get; init; }

    public string DisplayName { get; init => field = value ?? ""; } = "";

    /// <summary>`Observe`, `Confirm`, or a word of the host's own.</summary>
    public string Tier { get; init => field = value ?? "Observe"; } = "Observe";

    public JsonElement? RequestedInput { get; init; }

    public JsonElement? EffectiveInput { get; init; }

    public long Turn { get; init; }

    public Provenance? Provenance { get; init; }

    public required Outcome Outcome { get; init; }

    /// <summary>RFC 3339, kept as text: hosts write up to nine fraction digits.</summary>
    public required string RecordedAt { get; init; }

    /// <summary>What this program has no name for, carried along.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Unknown { get; set; }

    public static ToolAuditRecord Parse(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, RecordJson.Default.ToolAuditRecord)
        ?? throw new JsonException("A tool audit record is not null.");

    /// <summary>Writes the record as a value, with the writer's own escaping.</summary>
    public void WriteTo(Utf8JsonWriter json) =>
        JsonSerializer.Serialize(json, this, RecordJson.Default.ToolAuditRecord);

    public byte[] ToUtf8() => JsonSerializer.SerializeToUtf8Bytes(this, RecordJson.Default.ToolAuditRecord);
}

/// <summary>Which model of which provider asked for the call.</summary>
public sealed record Provenance(string Provider, string Model);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowOutOfOrderMetadataProperties = true,
    MaxDepth = StrictJsonReader.MaxDepth + 2)]
[JsonSerializable(typeof(ToolAuditRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;
