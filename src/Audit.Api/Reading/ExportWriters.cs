namespace Audit.Api.Reading;

/// <summary>Writes rows of the journal in the form that was asked for.</summary>
internal interface IExportWriter
{
    void Begin(IBufferWriter<byte> to);

    void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to);

    void End(IBufferWriter<byte> to);

    /// <inheritdoc cref="IBookWriter.Stop"/>
    void Stop(long after, string why, IBufferWriter<byte> to);
}

/// <summary>The forms that are made of what an event says.</summary>
internal sealed class BookExport(IBookWriter book) : IExportWriter
{
    public void Begin(IBufferWriter<byte> to) => book.Begin(to);

    public void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to) => book.Write(entry, to);

    public void End(IBufferWriter<byte> to) => book.End(to);

    public void Stop(long after, string why, IBufferWriter<byte> to) => book.Stop(after, why, to);
}

/// <summary>The rows themselves, a line each, as `/v1/events` gives them.</summary>
/// <param name="keys">For rows as they are stored beside what they say; null for what they say alone.</param>
internal sealed class RowExport(ReadScope scope, PayloadKeys? keys) : IExportWriter
{
    public void Begin(IBufferWriter<byte> to)
    {
        // Lines have no head.
    }

    public void Write(SeenRow row, BookEvent entry, IBufferWriter<byte> to)
    {
        using (var json = new Utf8JsonWriter(to, Reply.Options))
        {
            RowWriter.Write(json, row, scope, inOneLine: true, keys);
        }

        to.Write("\n"u8);
    }

    public void End(IBufferWriter<byte> to)
    {
        // And no foot.
    }

    public void Stop(long after, string why, IBufferWriter<byte> to) => RowWriter.WriteStopped(after, why, to);
}
