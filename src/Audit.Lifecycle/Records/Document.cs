using System.Text.Json.Serialization;

namespace Audit.Lifecycle.Records;

/// <summary>A file within a result, its data in base64.</summary>
public sealed record Document(string MediaType, string Data)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}
