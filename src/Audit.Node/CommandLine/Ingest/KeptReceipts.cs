namespace Audit.Node.CommandLine.Ingest;

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
