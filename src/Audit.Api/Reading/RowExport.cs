using System.Buffers;
using System.Text.Json;
using Audit.Api.Answers;

namespace Audit.Api.Reading;

/// <summary>The rows themselves, a line each, as `/v1/events` gives them.</summary>
internal sealed class RowExport : IExportWriter
{
    public void Begin(IBufferWriter<byte> to)
    {
        // Lines have no head.
    }

    public void Write(JournalRow row, BookEvent told, IBufferWriter<byte> to)
    {
        using (var json = new Utf8JsonWriter(to, JsonAnswer.Options))
        {
            RowWriter.Write(json, row, inOneLine: true);
        }

        to.Write("\n"u8);
    }

    public void End(IBufferWriter<byte> to)
    {
        // And no foot.
    }
}
