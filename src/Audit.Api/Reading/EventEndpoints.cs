using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`/v1/events`: the journal in its order, as a list, as lines, or live.</summary>
internal sealed class EventEndpoints(NodeParts node)
{
    private readonly EventList list = new(node);
    private readonly EventLines lines = new(node);
    private readonly EventTail tail = new(node);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/events", GetAsync, Roles.Read, "Lists the events of the journal, oldest first.",
            "As JSON in pages; with Accept: application/x-ndjson as lines up to the end; with Accept: text/event-stream live, "
            + "where Last-Event-ID resumes.",
            new("after", "Only events after this position; `now` for those to come."), new("session", "Only this session."),
            new("task", "Only this task."), new("tool", "Only this tool; * stands for anything."),
            new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before."));
        routes.Get("/v1/events/{position}", GetOneAsync, Roles.Read, "Shows the event at a position.");
        routes.Get(
            "/v1/events/{position}/raw", GetRawAsync, Roles.Read,
            "Gives the octets of the record as they were sent; of an event without a record, its message.");
    }

    private async Task GetAsync(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        var filter = new RowFilter(context.Bearer())
        {
            Session = query.Text("session"),
            Task = query.Text("task"),
            Tool = query.Text("tool"),
        };
        var accept = context.Request.Headers.Accept.ToString();
        var isTail = accept.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var isLines = accept.Contains("ndjson", StringComparison.OrdinalIgnoreCase)
            || accept.Contains("jsonl", StringComparison.OrdinalIgnoreCase);
        var start = await StartAsync(context, query, isTail);
        var limit = isLines && query.Text("limit") is null ? int.MaxValue : query.Limit();
        if (query.Problem is not null)
        {
            await context.WriteProblemAsync(query.Problem);
            return;
        }

        await (isTail ? tail.SendAsync(context, filter, start)
            : isLines ? lines.SendAsync(context, filter, start, limit)
            : list.SendAsync(context, filter, start, limit));
    }

    private async Task GetOneAsync(HttpContext context)
    {
        if (await FindAsync(context) is { } row)
        {
            await context.WriteJsonAsync(StatusCodes.Status200OK, json => RowWriter.Write(json, row, inOneLine: false));
        }
    }

    private async Task GetRawAsync(HttpContext context)
    {
        if (await FindAsync(context) is not { } row)
        {
            return;
        }

        var isOurs = RowWriter.IsOurs(row);
        var octets = isOurs && EventReader.RecordOf(row.Message) is { IsEmpty: false } record ? record : row.Message;
        context.Response.ContentType = isOurs ? "application/json" : "application/octet-stream";
        context.Response.ContentLength = octets.Length;
        await context.Response.Body.WriteAsync(octets, context.RequestAborted);
    }

    /// <summary>A client that comes back says in a header where it was; that header outlives the query it began with.</summary>
    private async ValueTask<long> StartAsync(HttpContext context, QueryReader query, bool isTail)
    {
        var seen = context.Request.Headers["Last-Event-ID"].ToString();
        if (isTail && seen.Length > 0)
        {
            if (long.TryParse(seen, out var position) && position >= 0)
            {
                return position;
            }

            query.Refuse("Last-Event-ID", $"a position is expected, not \"{seen}\".");
            return 0;
        }

        if (query.Cursor() is { } cursor)
        {
            return cursor;
        }

        return query.Text("after") == "now"
            ? await node.Journal.LastPositionAsync(context.RequestAborted)
            : query.Number("after", otherwise: 0, least: 0, most: long.MaxValue);
    }

    private async Task<JournalRow?> FindAsync(HttpContext context)
    {
        var text = (string)context.Request.RouteValues["position"]!;
        if (!long.TryParse(text, out var position) || position < 1)
        {
            await context.WriteProblemAsync(Problem.BadParameter(
                "position", $"a whole number from 1 is expected, not \"{text}\"."));
            return null;
        }

        var row = await node.Journal.ReadRowAsync(position, context.RequestAborted);
        if (row is not null && new RowFilter(context.Bearer()).Passes(row))
        {
            return row;
        }

        await context.WriteProblemAsync(Problem.NotFound($"There is no event at position {position} that this token may see."));
        return null;
    }
}
