using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>Tells what becomes of an ingest: receipts, notes, progress, and the counts at the end.</summary>
internal sealed class IngestReport(Surroundings surroundings, OutputFormat format)
{
    private readonly ArrayBufferWriter<byte> buffer = new();
    private ProgressBar? bar;
    private long finishedBytes;

    public IngestCounts Counts { get; } = new();

    /// <summary>Bytes of the input that have gone to the node.</summary>
    public long SentBytes { get; private set; }

    private long? ignored;

    // A bar and lines of data on one terminal would write over each other.
    private bool ShowsBar => surroundings.ErrorIsTerminal && !(format == OutputFormat.Ndjson && surroundings.OutIsTerminal);

    public Task FollowAsync(Stream input, Func<Task> work) =>
        ShowsBar ? ProgressBar.ShowAsync(surroundings.Error, input, shown => RunWithAsync(shown, work)) : work();

    public void Receive(ReceiptLine receipt)
    {
        if (format == OutputFormat.Ndjson)
        {
            WriteReceipt(receipt);
        }

        if (!receipt.IsPlain)
        {
            Note(Describe(receipt));
        }

        Counts.Add(receipt.Status);
    }

    /// <summary>Events of another system's stream that concern no call and no session.</summary>
    public void Ignore(ReceiptLine told)
    {
        ignored = told.Number("count");
        if (format == OutputFormat.Ndjson)
        {
            surroundings.Out.WriteLine(told.ToString());
        }
    }

    public void Note(string sentence)
    {
        var line = PrintableText.Of(sentence);
        if (bar is null)
        {
            surroundings.Error.WriteLine(line);
        }
        else
        {
            bar.WriteLine(line);
        }
    }

    /// <summary>So much of the batch in work has its receipts.</summary>
    public void Delivered(long bytes) => bar?.Update(finishedBytes + bytes, Counts);

    public void Sent(long bytes)
    {
        SentBytes = bytes;
        bar?.Update(bytes, Counts);
    }

    public void FinishBatch(long bytes)
    {
        finishedBytes += bytes;
        bar?.Update(finishedBytes, Counts);
        surroundings.Out.Flush();
    }

    public void Summarize()
    {
        IEnumerable<KeyValuePair<string, long>> counts =
            ignored is { } events ? [.. Counts.ByStatus, KeyValuePair.Create("ignored", events)] : Counts.ByStatus;
        switch (format)
        {
            case OutputFormat.Ndjson:
                Note($"{Counts.Items} items: {string.Join(", ", counts.Select(count => $"{count.Value} {count.Key}"))}.");
                break;
            case OutputFormat.Json:
                surroundings.Out.WriteLine(JsonSerializer.Serialize(
                    new Dictionary<string, long>(counts) { ["items"] = Counts.Items }));
                break;
            default:
                Columns.Write(surroundings, ["status", "items"], counts.Select(
                    count => new[] { count.Key, count.Value.ToString(CultureInfo.InvariantCulture) }));
                break;
        }
    }

    private async Task RunWithAsync(ProgressBar shown, Func<Task> work)
    {
        bar = shown;
        try
        {
            await work();
        }
        finally
        {
            bar = null;
        }
    }

    private void WriteReceipt(ReceiptLine receipt)
    {
        buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(buffer))
        {
            receipt.WriteTo(json, Counts.Items);
        }

        surroundings.Out.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private string Describe(ReceiptLine receipt)
    {
        var place = receipt.Text("line") is { } number ? $"line {number}" : $"item {Counts.Items}";
        var line = $"{place}: {receipt.Status}";
        if ((receipt.Text("error") ?? receipt.Text("reason")) is { } why)
        {
            line += $": {why}";
        }

        return receipt.Text("position") is { } position ? $"{line} (position {position})" : line;
    }
}
