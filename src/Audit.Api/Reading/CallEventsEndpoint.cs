using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`…/calls/{c}/events`: all that the journal holds of one call, in order.</summary>
internal sealed class CallEventsEndpoint(NodeParts node)
{
    private const int RowsAtOnce = 32;

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Summary = "Lists every event of a call, each with its record as it was sent.";
        routes.Get(
            "/v1/sessions/{session}/calls/{call}/events", context => AnswerAsync(context, CallAddress.OfPath(context)),
            Roles.Read, Summary, "",
            new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));
        routes.Get(
            "/v1/call/events", context => AnswerAsync(context, CallAddress.OfQuery(context)), Roles.Read, Summary,
            "For ids that a path cannot carry.",
            new("session", "The session.", Required: true), new("call", "The tool call.", Required: true),
            new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));
    }

    private async Task AnswerAsync(HttpContext context, CallAddress call)
    {
        var query = new QueryReader(context.Request.Query);
        var limit = query.Limit();
        var after = query.Cursor() ?? 0;
        if ((call.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        var (rows, next) = await ReadAsync(call.Stream, after, limit, context.RequestAborted);
        var filter = new RowFilter(context.Bearer());
        rows.RemoveAll(row => !filter.Passes(row));
        if (rows.Count == 0 && after == 0)
        {
            await context.WriteProblemAsync(call.NotFound());
            return;
        }

        await WriteAsync(context, rows, next, limit);
    }

    private async Task<(List<JournalRow> Rows, long? Next)> ReadAsync(
        StreamKey stream, long after, int limit, CancellationToken cancellation)
    {
        var rows = new List<JournalRow>();
        var bytes = 0L;
        while (rows.Count <= limit && bytes < ReadLimits.ListBytes)
        {
            // One more than asked for, to know whether anything follows.
            var page = await node.Journal.ReadStreamAsync(
                stream, after, Math.Min(RowsAtOnce, limit + 1 - rows.Count), cancellation);
            if (page.Count == 0)
            {
                return (rows, null);
            }

            rows.AddRange(page);
            after = page[^1].Sequence;
            bytes += page.Sum(row => (long)row.Message.Length);
            if (rows.Count > limit)
            {
                rows.RemoveAt(limit);
                break;
            }
        }

        return (rows, rows[^1].Sequence);
    }

    private static Task WriteAsync(HttpContext context, List<JournalRow> rows, long? next, int limit) =>
        context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("items"u8);
            foreach (var row in rows)
            {
                RowWriter.Write(json, row, inOneLine: false);
            }

            json.WriteEndArray();
            json.WriteString("next"u8, next is { } place ? PageCursor.Write(place) : null);
            json.WriteNumber("limit"u8, limit);
            json.WriteEndObject();
        });
}
