using System.Text.Json;
using System.Text.Json.Serialization;

namespace Audit.Lifecycle.Records;

/// <summary>The snapshot that a listening tool shows the person whom it asks.</summary>
public sealed record ListenContext(string OperationId, long Revision, JsonElement? Snapshot)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ExpiresAt { get; init; }
}
