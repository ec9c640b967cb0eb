using System.Buffers;

namespace Audit.Api.Reading;

/// <summary>The forms that are made of what an event says.</summary>
internal sealed class BookExport(IBookWriter book) : IExportWriter
{
    public void Begin(IBufferWriter<byte> to) => book.Begin(to);

    public void Write(JournalRow row, BookEvent told, IBufferWriter<byte> to) => book.Write(told, to);

    public void End(IBufferWriter<byte> to) => book.End(to);
}
