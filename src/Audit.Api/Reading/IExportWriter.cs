using System.Buffers;

namespace Audit.Api.Reading;

/// <summary>Writes rows of the journal in the form that was asked for.</summary>
internal interface IExportWriter
{
    void Begin(IBufferWriter<byte> to);

    void Write(JournalRow row, BookEvent told, IBufferWriter<byte> to);

    void End(IBufferWriter<byte> to);
}
