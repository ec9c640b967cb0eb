
namespace Audit.Node.CommandLine.Ingest;

/// <summary>How many receipts there were of each status.</summary>
internal sealed class IngestCounts
{
    private readonly Dictionary<string, long> counts = new()
    {
        [ReceiptLine.Recorded] = 0,
        [ReceiptLine.Duplicate] = 0,
        [ReceiptLine.Violation] = 0,
        ["invalid"] = 0,
        ["refused"] = 0,
    };

    public long Items { get; private set; }

    /// <summary>A violation is a recorded fact about an agent, and no failure of the ingest.</summary>
    public bool IsClean => Items == this[ReceiptLine.Recorded] + this[ReceiptLine.Duplicate] + this[ReceiptLine.Violation];

    public IEnumerable<KeyValuePair<string, long>> ByStatus => counts;

    public long this[string status] => counts.GetValueOrDefault(status);

    public void Add(string status)
    {
        counts[status] = this[status] + 1;
        Items++;
    }
}
