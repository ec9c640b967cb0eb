using System.Text.Json;
using System.Text.Json.Serialization;

namespace Audit.Lifecycle.Records;

/// <summary>What a tool gave back. Data and duration are always written, the rest where there is something.</summary>
public sealed record ToolResult(bool Success, string Output)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Artifact? Artifact { get; init; }

    public JsonElement? Data { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Document>? Documents { get; init; }

    public long? DurationMs { get; init; }
}
