using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>One page of the journal.</summary>
internal sealed class EventList(NodeParts node)
{
    public async Task SendAsync(HttpContext context, RowFilter filter, long after, int limit)
    {
        var (rows, next) = await ReadAsync(filter, after, limit, context.RequestAborted);
        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items"u8);
            foreach (var row in rows)
            {
                RowWriter.Write(json, row, inOneLine: false);
            }

            json.WriteEndArray();
            json.WriteString("next"u8, next is { } place ? PageCursor.Write(place) : null);
            json.WriteEndObject();
        });
    }

    private async Task<(List<JournalRow> Rows, long? Next)> ReadAsync(
        RowFilter filter, long after, int limit, CancellationToken cancellation)
    {
        var range = await SessionRange.OfAsync(node, filter.Session, cancellation);
        var found = new List<JournalRow>();
        var bytes = 0L;
        for (var scanned = 0; scanned < ReadLimits.ListScan;)
        {
            after = range.Skip(after);
            var page = await node.Journal.ReadAfterAsync(after, ReadLimits.PageRows, ReadLimits.PageBytes, cancellation);
            if (page.Count == 0)
            {
                return (found, null);
            }

            scanned += page.Count;
            foreach (var row in page)
            {
                if (found.Count == limit || bytes >= ReadLimits.ListBytes)
                {
                    return (found, after);
                }

                after = row.Position;
                if (filter.Passes(row))
                {
                    found.Add(row);
                    bytes += row.Message.Length;
                }
            }
        }

        return (found, after);
    }
}
