using System.Text.Json;
using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>A row of the journal, its event with the record byte for byte as it lies there.</summary>
public sealed record EventAnswer
{
    public long Position { get; init; }

    public required string Stream { get; init; }

    public long Sequence { get; init; }

    public DateTime Created { get; init; }

    public string? Manifest { get; init; }

    public JsonElement? Event { get; init; }

    /// <summary>Of a row that is none of ours.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MessageBase64 { get; init; }
}

/// <summary>A page of events.</summary>
public sealed record EventPageAnswer(IReadOnlyList<EventAnswer> Items, string? Next)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Limit { get; init; }
}

/// <summary>What became of one item.</summary>
public sealed record ReceiptAnswer
{
    public long Index { get; init; }

    /// <summary>recorded, duplicate, violation, invalid, refused or unknown.</summary>
    public required string Status { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? WindowId { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Position { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Sequence { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? State { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Attempt { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Anomalies { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Message { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Reason { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Sealed { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Error { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Line { get; init; }
}

/// <summary>The receipts of another system's stream, and what of it concerned no call and no session.</summary>
public sealed record FormatAnswer(IReadOnlyList<ReceiptAnswer> Receipts, IgnoredAnswer Ignored);

public sealed record IgnoredAnswer(string Status, long Count, IReadOnlyDictionary<string, long> Types);

/// <summary>OTLP's own answer.</summary>
public sealed record TracesAnswer
{
    [JsonPropertyName("partialSuccess"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartialSuccess? PartialSuccess { get; init; }
}

/// <param name="RejectedSpans">Whole numbers of 64 bits are strings in OTLP's JSON.</param>
public sealed record PartialSuccess(
    [property: JsonPropertyName("rejectedSpans")] string RejectedSpans,
    [property: JsonPropertyName("errorMessage")] string? ErrorMessage);
