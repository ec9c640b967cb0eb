using System.Buffers;
using System.Text.Json;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>The journal as NDJSON, up to its end.</summary>
internal sealed class EventLines(NodeParts node)
{
    public async Task SendAsync(HttpContext context, RowFilter filter, long after, int limit)
    {
        var range = await SessionRange.OfAsync(node, filter.Session, context.RequestAborted);
        context.Response.ContentType = "application/x-ndjson";
        var buffer = new ArrayBufferWriter<byte>((int)ReadLimits.PageBytes);
        await using var json = new Utf8JsonWriter(buffer, JsonAnswer.Options);
        while (limit > 0 && !node.Stopping.IsCancellationRequested)
        {
            after = range.Skip(after);
            var page = await node.Journal.ReadAfterAsync(
                after, ReadLimits.PageRows, ReadLimits.PageBytes, context.RequestAborted);
            if (page.Count == 0)
            {
                return;
            }

            after = page[^1].Position;
            foreach (var row in page.Where(filter.Passes).Take(limit))
            {
                limit--;
                RowWriter.Write(json, row, inOneLine: true);
                json.Flush();
                json.Reset();
                buffer.Write("\n"u8);
            }

            await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
            buffer.ResetWrittenCount();
        }

        if (node.Stopping.IsCancellationRequested)
        {
            // Cut, so that it cannot be taken for the end.
            context.Abort();
        }
    }
}
