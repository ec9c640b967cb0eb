namespace Audit.Wire;

/// <summary>A row of the journal, its event with the record byte for byte as it lies there.</summary>
/// <param name="MessageBase64">Of a row that is none of ours.</param>
internal sealed record EventAnswer(
    long Position, string Stream, long Sequence, DateTime Created, string? Manifest, JsonElement? Event,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? MessageBase64 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Unopened = null);

/// <summary>A page of events.</summary>
internal sealed record EventPageAnswer(IReadOnlyList<EventAnswer> Items, string? Next)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Limit { get; init; }
}

/// <summary>What became of one item.</summary>
/// <param name="Status">recorded, duplicate, violation, invalid, refused or unknown.</param>
/// <param name="Sha256">Of the message as it is stored, in hexadecimal.</param>
/// <param name="Log">halted, while nothing is sealed.</param>
internal sealed record ReceiptAnswer(
    long Index, string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? WindowId = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Position = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Sequence = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? State = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Attempt = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Anomalies = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Sha256 = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Sealed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Log = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ReceiptProof? Proof = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Error = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Line = null);

/// <summary>The receipts of another system's stream, and what of it concerned no call and no session.</summary>
internal sealed record FormatAnswer(IReadOnlyList<ReceiptAnswer> Receipts, IgnoredAnswer Ignored);

/// <param name="Format">Of the stream, where it was told by the events.</param>
internal sealed record IgnoredAnswer(
    string Status, long Count, IReadOnlyDictionary<string, long> Types,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Format = null);

/// <summary>OTLP's own answer.</summary>
internal sealed record OtlpAnswer
{
    [JsonPropertyName("partialSuccess"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PartialSuccess? PartialSuccess { get; init; }
}

/// <param name="RejectedSpans">
/// Of traces, as the next is of logs: whole numbers of 64 bits are strings in OTLP's JSON.
/// </param>
internal sealed record PartialSuccess(
    [property: JsonPropertyName("rejectedSpans"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    string? RejectedSpans,
    [property: JsonPropertyName("rejectedLogRecords"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    string? RejectedLogRecords,
    [property: JsonPropertyName("errorMessage")] string? ErrorMessage);
