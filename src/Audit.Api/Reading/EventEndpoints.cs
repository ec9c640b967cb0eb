using Audit.Api.Quotas;

namespace Audit.Api.Reading;

/// <summary>
/// `/v1/events`: the journal in its order, as a list, as lines, or live; and all that it holds of one call.
/// </summary>
internal sealed class EventEndpoints(
    IJournal journal, ReadSide reads, IHostApplicationLifetime life, QuotaBook quotas) : IEndpointGroup
{
    private readonly EventPages pages = new(journal, reads, life);
    private readonly EventTail tail = new(journal, life, quotas);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/events", GetAsync, Roles.Read, "Lists the events of the journal, oldest first.",
            "As JSON in pages; with Accept: application/x-ndjson as lines up to the end; with Accept: text/event-stream live, "
            + "where Last-Event-ID resumes.",
            new("after", "Only events after this position; `now` for those to come."),
            new("session", "Only this session."),
            new("task", "Only this task."), new("tool", "Only this tool; * stands for anything."),
            QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<EventPageAnswer>();
        routes.Get("/v1/events/{position}", GetOneAsync, Roles.Read, "Shows the event at a position.")
            .Produces<EventAnswer>();
        routes.Get(
            "/v1/events/{position}/raw", GetRawAsync, Roles.Read,
            "Gives the octets of the record as they were sent; of an event without a record, its message.");
        routes.Get(
            ById.OfCall("/events", "/events"), OfCallAsync, Roles.Read,
            "Lists every event of a call, each with its record as it was sent.", "", QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<EventPageAnswer>();
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var query = context.Query();
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
        if (isTail)
        {
            return await tail.SendAsync(context, filter, start);
        }

        if (isLines)
        {
            await pages.SendLinesAsync(context, filter, start, limit);
            return Reply.Sent;
        }

        var (rows, next) = await pages.ReadAsync(filter, start, limit, context.RequestAborted);
        return Reply.Json(json => WritePage(json, rows, next));
    }

    private async Task<IResult> OfCallAsync(HttpContext context)
    {
        var (call, query) = (context.CallAddress(), context.Query());
        var (limit, after) = (query.Limit(), query.Cursor() ?? 0);
        var (rows, next) = await pages.OfStreamAsync(call.Stream, after, limit, context.RequestAborted);
        var filter = new RowFilter(context.Bearer());
        rows.RemoveAll(row => !filter.Passes(row));
        return rows.Count == 0 && after == 0 ? call.NotFound() : Reply.Json(json => WritePage(json, rows, next, limit));
    }

    private async Task<IResult> GetOneAsync(HttpContext context)
    {
        var row = await FindAsync(context);
        return Reply.Json(json => RowWriter.Write(json, row, inOneLine: false));
    }

    private async Task<IResult> GetRawAsync(HttpContext context)
    {
        var row = await FindAsync(context);
        var message = row.Row.Message;
        var record = message.AsMemory(row.View.PlaceOf(EventField.Record));
        return Reply.Content(
            record.IsEmpty ? message : record, row.IsOurs ? "application/json" : "application/octet-stream");
    }

    private static void WritePage(Utf8JsonWriter json, List<SeenRow> rows, long? next, int? limit = null)
    {
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        foreach (var row in rows)
        {
            RowWriter.Write(json, row, inOneLine: false);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, next is { } place ? PageCursor.Write(place) : null);
        if (limit is { } most)
        {
            json.WriteNumber("limit"u8, most);
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// A client that comes back says in a header where it was; that header outlives the query it began with.
    /// </summary>
    private async ValueTask<long> StartAsync(HttpContext context, QueryReader query, bool isTail)
    {
        var seen = context.Request.Headers["Last-Event-ID"].ToString();
        if (isTail && seen.Length > 0)
        {
            if (!long.TryParse(seen, out var position) || position < 0)
            {
                query.Refuse("Last-Event-ID", $"a position is expected, not \"{seen}\".");
            }

            return position;
        }

        return query.Cursor() is { } cursor ? cursor
            : query.Text("after") == "now" ? await journal.LastPositionAsync(context.RequestAborted)
            : query.Number("after", otherwise: 0, least: 0, most: long.MaxValue);
    }

    /// <exception cref="RefusedException">There is none that the token may see.</exception>
    private async Task<SeenRow> FindAsync(HttpContext context)
    {
        var text = (string)context.Request.RouteValues["position"]!;
        if (!long.TryParse(text, out var position) || position < 1)
        {
            throw new RefusedException(Problem.BadParameter(
                "position", $"a whole number from 1 is expected, not \"{text}\"."));
        }

        return await journal.ReadRowAsync(position, context.RequestAborted) is { } row
            && new SeenRow(row) is var seen && new RowFilter(context.Bearer()).Passes(seen)
            ? seen
            : throw new RefusedException(
                Problem.NotFound($"There is no event at position {position} that this token may see."));
    }
}
