namespace Audit.Client.Sending;

/// <summary>A receipt as the node sent it.</summary>
public sealed class ReceiptLine : IDisposable
{
    public const string Recorded = "recorded";
    public const string Duplicate = "duplicate";
    public const string Violation = "violation";

    private const string Stopped = "stopped";
    private const string Ignored = "ignored";

    private readonly JsonDocument json;

    private ReceiptLine(JsonDocument json, string status)
    {
        this.json = json;
        Status = status;
    }

    public string Status { get; }

    /// <summary>No receipt but the last line of an answer that could not go on.</summary>
    public bool IsStop => Status == Stopped;

    /// <summary>No receipt but the count of the events that said nothing.</summary>
    public bool IsIgnored => Status == Ignored;

    public bool IsPlain => Status is Recorded or Duplicate;

    public TimeSpan? RetryAfter =>
        json.RootElement.TryGetProperty("retry_after", out var seconds)
            && seconds.ValueKind == JsonValueKind.Number && seconds.TryGetDouble(out var number)
            && number is >= 0 and < 86_400
            ? TimeSpan.FromSeconds(number)
            : null;

    /// <exception cref="JsonException">The line is no receipt.</exception>
    public static ReceiptLine Parse(string line)
    {
        var json = JsonDocument.Parse(line);
        if (json.RootElement.ValueKind == JsonValueKind.Object
            && json.RootElement.TryGetProperty("status", out var status) && status.ValueKind == JsonValueKind.String)
        {
            return new ReceiptLine(json, status.GetString()!);
        }

        json.Dispose();
        throw new JsonException("A line of the answer is no receipt.");
    }

    public string? Text(string member) =>
        json.RootElement.TryGetProperty(member, out var value) && value.ValueKind is not JsonValueKind.Null
            ? value.ToString()
            : null;

    public long Number(string member) =>
        json.RootElement.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetInt64(out var number)
            ? number
            : 0;

    public override string ToString() => json.RootElement.GetRawText();

    /// <summary>
    /// Writes the receipt with the item's place in the whole input, not in the request that carried it.
    /// </summary>
    public void WriteTo(Utf8JsonWriter writer, long index)
    {
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, index);
        foreach (var member in json.RootElement.EnumerateObject())
        {
            if (!member.NameEquals("index"u8))
            {
                member.WriteTo(writer);
            }
        }
        writer.WriteEndObject();
    }

    public void Dispose() => json.Dispose();
}
