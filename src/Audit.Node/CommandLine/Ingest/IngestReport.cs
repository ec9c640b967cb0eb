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
        ["counted"] = 0,
        ["refused"] = 0,
    };

    public long Items { get; private set; }

    /// <summary>Items of which a person should know.</summary>
    public long Others => Items - counts[ReceiptLine.Recorded] - counts[ReceiptLine.Duplicate];

    /// <summary>A violation is a recorded fact about an agent, and no failure of the ingest.</summary>
    public bool IsClean => Others == counts[ReceiptLine.Violation] + counts["counted"];

    public IEnumerable<KeyValuePair<string, long>> ByStatus => counts;

    public void Add(string status)
    {
        counts[status] = counts.GetValueOrDefault(status) + 1;
        Items++;
    }
}

/// <summary>Shows what becomes of an ingest: receipts, notes, progress, and the counts at the end.</summary>
internal sealed class IngestReport(
    Surroundings surroundings, OutputFormat format, KeptReceipts? kept = null) : ISendingReport
{
    private static readonly Column<KeyValuePair<string, long>>[] Statuses =
        [new("status", count => count.Key), new("items", count => count.Value)];

    private readonly IngestCounts counts = new();
    private readonly ArrayBufferWriter<byte> buffer = new();
    private IngestBar? bar;
    private long? ignored;

    // A bar and lines of data on one terminal would write over each other.
    private bool ShowsBar =>
        surroundings.ErrorIsTerminal && !(format == OutputFormat.Ndjson && surroundings.OutIsTerminal);

    /// <summary>Shows the work until it ends, and the counts then.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> FollowAsync(Stream input, Func<Task> work)
    {
        try
        {
            await (ShowsBar
                ? IngestBar.ShowAsync(surroundings.Error, input, shown => RunWithAsync(shown, work))
                : work());
        }
        finally
        {
            Summarize();
        }

        return counts.IsClean ? ExitCode.Fine : ExitCode.Failed;
    }

    public static string Recognised(string format) => $"Recognised as {format}.";

    public void Receive(ReceiptLine receipt)
    {
        if (receipt.IsIgnored)
        {
            Ignore(receipt);
            return;
        }

        kept?.Add(receipt);
        if (receipt.IsSignature)
        {
            return;
        }

        if (format == OutputFormat.Ndjson)
        {
            WriteReceipt(receipt);
        }

        if (!receipt.IsPlain)
        {
            Note(Describe(receipt));
        }

        counts.Add(receipt.Status);
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

    public void Sent(long bytes) => bar?.Update(bytes, counts);

    public void FinishBatch() => surroundings.Out.Flush();

    /// <summary>Events of another system's stream that concern no call and no session.</summary>
    private void Ignore(ReceiptLine receipt)
    {
        ignored = receipt.Count ?? 0;
        if (receipt.Format is { } recognised)
        {
            Note(Recognised(recognised));
        }

        if (format == OutputFormat.Ndjson)
        {
            surroundings.Out.WriteLine(receipt.ToString());
        }
    }

    private void Summarize()
    {
        var all = counts.ByStatus.ToList();
        if (ignored is { } events)
        {
            all.Add(KeyValuePair.Create("ignored", events));
        }

        switch (format)
        {
            case OutputFormat.Ndjson:
                Note($"{counts.Items} items: {string.Join(", ", all.Select(count => $"{count.Value} {count.Key}"))}.");
                break;
            case OutputFormat.Json:
                surroundings.Out.WriteLine(
                    JsonSerializer.Serialize(new Dictionary<string, long>(all) { ["items"] = counts.Items }));
                break;
            default:
                Output.WriteTable(surroundings, Statuses, all);
                break;
        }
    }

    private async Task RunWithAsync(IngestBar shown, Func<Task> work)
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
            receipt.WriteTo(json, counts.Items);
        }

        surroundings.Out.WriteLine(Encoding.UTF8.GetString(buffer.WrittenSpan));
    }

    private string Describe(ReceiptLine receipt)
    {
        var place = receipt.Line is { } number ? $"line {number}" : $"item {counts.Items}";
        var line = $"{place}: {receipt.Status}";
        if ((receipt.Error ?? receipt.Reason) is { } why)
        {
            line += $": {why}";
        }

        return receipt.Position is { } position ? $"{line} (position {position})" : line;
    }
}

/// <summary>
/// Keeps receipts in a file, a line each: who has them can show later what a node acknowledged, and hold it to that.
/// </summary>
/// <param name="file">Written at its end.</param>
internal sealed class KeptReceipts(Stream file) : IAsyncDisposable
{
    private long kept;

    /// <summary>Keeps a receipt of something that was written; what was not has nothing to be held to.</summary>
    public void Add(ReceiptLine receipt)
    {
        if (receipt.Position is null && !receipt.IsSignature)
        {
            return;
        }

        using (var json = new Utf8JsonWriter(file))
        {
            receipt.WriteTo(json, kept++);
        }

        file.WriteByte((byte)'\n');
    }

    /// <exception cref="JsonException">A line is no receipt; the message names it.</exception>
    public static IEnumerable<(long Line, ReceiptLine Receipt)> Read(TextReader file)
    {
        for (var line = 1L; file.ReadLine() is { } text; line++)
        {
            if (text.Length > 0)
            {
                yield return (line, Parse(line, text));
            }
        }
    }

    public async ValueTask DisposeAsync() => await file.DisposeAsync();

    private static ReceiptLine Parse(long line, string text)
    {
        try
        {
            return ReceiptLine.Parse(text);
        }
        catch (JsonException failure)
        {
            throw new JsonException($"Line {line} is no receipt: {failure.Message}", failure);
        }
    }
}
