using System.Buffers;
using Audit.Api.Access;

namespace Audit.Api.Reading;

/// <summary>Reads the journal from its beginning to where it ended when the export began, and writes what passes.</summary>
internal sealed class JournalExport(IJournal journal, ExportRequest request, Bearer bearer)
{
    /// <param name="send">Takes what has been written, piece by piece.</param>
    /// <param name="passed">Is told the position that was passed, and the last one.</param>
    /// <exception cref="TooManyCallsException">The form cannot hold what there is; nothing was sent.</exception>
    public async Task RunAsync(
        Func<ReadOnlyMemory<byte>, ValueTask> send, Action<long, long> passed, CancellationToken cancellation)
    {
        var last = request.Before?.Position is { } bound
            ? Math.Min(bound, await journal.LastPositionAsync(cancellation))
            : await journal.LastPositionAsync(cancellation);
        var filter = new ExportFilter(request, await ReadWindowAsync(cancellation), bearer);
        var writer = request.OpenWriter();
        var buffer = new ArrayBufferWriter<byte>((int)ReadLimits.PageBytes);
        writer.Begin(buffer);
        // What a call's first message says of its task may stand before what is asked for.
        var start = request is { Task: null, Window: null } ? request.After?.Position ?? 0 : 0;
        for (var position = start; position < last;)
        {
            var page = await journal.ReadAfterAsync(position, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
            if (page.Count == 0)
            {
                break;
            }

            Write(page, last, filter, writer, buffer);
            position = page[^1].Position;
            await SendAsync(buffer, send);
            passed(Math.Min(position, last), last);
        }

        writer.End(buffer);
        await SendAsync(buffer, send);
    }

    private static void Write(
        IReadOnlyList<JournalRow> page, long last, ExportFilter filter, IExportWriter writer, ArrayBufferWriter<byte> buffer)
    {
        foreach (var row in page.TakeWhile(row => row.Position <= last))
        {
            var told = new BookEvent(row.Position, row.PersistenceId, row.Sequence, RowWriter.IsOurs(row) ? row.Message : default);
            if (filter.Passes(row, told))
            {
                writer.Write(row, told, buffer);
            }
        }
    }

    private static async ValueTask SendAsync(ArrayBufferWriter<byte> buffer, Func<ReadOnlyMemory<byte>, ValueTask> send)
    {
        if (buffer.WrittenCount > 0)
        {
            await send(buffer.WrittenMemory);
            buffer.ResetWrittenCount();
        }
    }

    private async Task<WindowHistory?> ReadWindowAsync(CancellationToken cancellation)
    {
        if (request.Window is not { } window)
        {
            return null;
        }

        var rows = await journal.ReadStreamAsync(
            new StreamKey(StreamNames.Window(window)), afterSequence: 0, WindowLimits.Events, cancellation);
        return rows.Select(EventReader.ReadWindow).Aggregate(WindowHistory.Empty, WindowDecider.Evolve);
    }
}
