namespace Audit.Formats.Export;

/// <summary>Writes the book, or a part of it, in another form, event by event in the order of the journal.</summary>
public interface IBookWriter
{
    void Begin(IBufferWriter<byte> to);

    void Write(BookEvent row, IBufferWriter<byte> to);

    void End(IBufferWriter<byte> to);
}
