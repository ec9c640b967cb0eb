namespace Audit.Client.Wire;

/// <summary>A line of the answer to a stream: the receipt of an item, or what the node states at the end.</summary>
/// <param name="Count">Of the line that is no receipt: the events that stated nothing.</param>
/// <param name="RetryAfter">Of the line that is no receipt: the seconds after which the stream may go on.</param>
public sealed record ReceiptLine(
    string Status, long? Line, long? Position, string? Error, string? Reason, long? Count, double? RetryAfter)
{
    public const string Recorded = "recorded";
    public const string Duplicate = "duplicate";
    public const string Violation = "violation";

    private const double Day = 86_400;

    private string json = "";

    /// <summary>No receipt but the last line of an answer that could not go on.</summary>
    [JsonIgnore]
    public bool IsStop => Status == "stopped";

    /// <summary>No receipt but the count of the events that stated nothing.</summary>
    [JsonIgnore]
    public bool IsIgnored => Status == "ignored";

    [JsonIgnore]
    public bool IsPlain => Status is Recorded or Duplicate;

    [JsonIgnore]
    public TimeSpan? Pause => RetryAfter is >= 0 and < Day and var seconds ? TimeSpan.FromSeconds(seconds) : null;

    /// <exception cref="JsonException">The line is no receipt.</exception>
    public static ReceiptLine Parse(string line)
    {
        if (JsonSerializer.Deserialize(line, WireJson.Default.ReceiptLine) is not { Status: not null } receipt)
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
