namespace Audit.Client.Wire;

/// <summary>A line of the answer to a stream: the receipt of an item, or what the node states at the end.</summary>
/// <param name="Count">Of the line that is no receipt: the events that stated nothing.</param>
/// <param name="RetryAfter">Of the line that is no receipt: the seconds after which the stream may go on.</param>
internal sealed record ReceiptLine(
    string Status, long? Line, long? Position, string? Error, string? Reason, long? Count, double? RetryAfter)
{
    public const string Recorded = "recorded";
    public const string Duplicate = "duplicate";
    public const string Violation = "violation";
    public const string Counted = "counted";

    private const double Day = 86_400;

    private static readonly string?[] Known =
    [
        Recorded, Duplicate, Violation, Counted, "refused", "invalid", "stopped", "unavailable", "ignored", "signed",
    ];

    /// <summary>What is legal and still worth a look.</summary>
    public IReadOnlyList<string>? Anomalies { get; init; }

    /// <summary>The stream's sequence number of what was written.</summary>
    public long? Sequence { get; init; }

    /// <summary>Of the message that was written, as it is stored, in hexadecimal.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether the log had it when the receipt was given; null where nobody asked.</summary>
    public bool? Sealed { get; init; }

    public ReceiptProof? Proof { get; init; }

    /// <summary>Of the count of what stated nothing: the format of the stream, where it was told by the events.</summary>
    public string? Format { get; init; }

    /// <summary>Of the line that is no receipt: what the node signed over the receipts before it.</summary>
    public string? Note { get; init; }

    public CertificateAnswer? Certificate { get; init; }

    private string json = "";

    /// <summary>No receipt but the last line of an answer that could not go on.</summary>
    [JsonIgnore]
    public bool IsStop => Status == "stopped";

    /// <summary>No receipt: the node that keeps the item's stream is away, and it is to be sent again.</summary>
    [JsonIgnore]
    public bool IsUnavailable => Status == "unavailable";

    /// <summary>No receipt but the count of the events that stated nothing.</summary>
    [JsonIgnore]
    public bool IsIgnored => Status == "ignored";

    /// <summary>No receipt but the signature over those before it.</summary>
    [JsonIgnore]
    public bool IsSignature => Status == "signed";

    [JsonIgnore]
    public bool IsPlain => Status is Recorded or Duplicate;

    [JsonIgnore]
    public TimeSpan? Pause => RetryAfter is >= 0 and < Day and var seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <exception cref="JsonException">The line is no receipt.</exception>
    public static ReceiptLine Parse(string line)
    {
        // Whoever answers may be no node at all: what nobody knows as a receipt is none.
        if (JsonSerializer.Deserialize(line, ClientJson.Default.ReceiptLine) is not { } receipt
            || !Known.Contains(receipt.Status))
        {
            throw new JsonException("A line of the answer is no receipt.");
        }

        receipt.json = line;
        return receipt;
    }

    /// <summary>The line as the node sent it.</summary>
    public override string ToString() => json;

    /// <summary>
    /// Writes the receipt with the item's place in the whole input, not in the request that carried it.
    /// </summary>
    public void WriteTo(Utf8JsonWriter writer, long index)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        using var receipt = JsonDocument.Parse(json);
        foreach (var member in receipt.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("index"u8))
            {
                member.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }
}

/// <summary>That what was written is in the log.</summary>
/// <param name="Entry">Of the log, in its very characters.</param>
/// <param name="Hashes">From the entry to the checkpoint's root, as RFC 6962 has them, in base64; one that was given
/// before under the same checkpoint is its number among those, from 0.</param>
/// <param name="Checkpoint">A signed note; receipts that follow without one are proven under the same.</param>
internal sealed record ReceiptProof(long Index, string? Entry, IReadOnlyList<JsonElement> Hashes, string? Checkpoint);

/// <summary>A row as it is stored, and what shows that it is in the log.</summary>
/// <param name="CreatedTicks">In hundreds of nanoseconds since the year 1; too long a number for a double.</param>
/// <param name="Salt">Of the stream.</param>
/// <param name="Entry">Of the log, in its very characters.</param>
/// <param name="Proof">A C2SP tlog-proof of the entry.</param>
internal sealed record StoredRowAnswer(
    long Position, string Stream, long Sequence, string CreatedTicks, string Manifest, byte[] MessageBase64,
    byte[] Salt, string Entry, string Proof);

/// <summary>What shows that the log has the key with which receipts are signed.</summary>
/// <param name="Row">The row that makes it one, with its proof.</param>
/// <param name="LogKey">The key that the log was begun with.</param>
/// <param name="NewKeys">The notes on those that took its place, the oldest first.</param>
internal sealed record CertificateAnswer(StoredRowAnswer Row, string LogKey, IReadOnlyList<string> NewKeys);
