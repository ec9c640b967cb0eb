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

/// <summary>A file within a result, its data in base64.</summary>
public sealed record Document(string MediaType, string Data)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Detail { get; init; }
}

/// <summary>Points to what the host stored of a result elsewhere.</summary>
public sealed record Artifact(long Id);
