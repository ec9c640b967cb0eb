using Audit.Api.Quotas;

namespace Audit.Api.Reading;

/// <summary>
/// `/v1/events`: the journal in its order, as a list, as lines, or live; and all that it holds of one call.
/// </summary>
internal sealed class EventEndpoints(
    IJournal journal, ReadSide reads, IHostApplicationLifetime life, QuotaBook quotas, FailureLog failures)
    : IEndpointGroup
{
    private readonly EventPages pages = new(journal, reads, life, failures);
    private readonly EventTail tail = new(journal, life, quotas, failures);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/events", GetAsync, Roles.Read, "Lists the events of the journal, oldest first.",
            "As JSON in pages; with Accept: application/x-ndjson as lines up to the end; with Accept: "
                + "text/event-stream live, "
            + "where Last-Event-ID resumes.",
            new("after", "Only events after this position; `now` for those to come."),
            new(
                "from", "Only events from this position on, that one too, or from the first of several with commas "
                    + "between them; in place of after."),
            new("until", "Only events up to this position, that one too."),
            new("session", "Only this session."), new("source", "Only what this source reported."),
            new("task", "Only this task."), new("tool", "Only this tool; * stands for anything."),
            QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<EventPageAnswer>().Scoped(Scope.Binding);
        routes.Get("/v1/events/{position}", GetOneAsync, Roles.Read, "Shows the event at a position.")
            .Produces<EventAnswer>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/events/{position}/raw", GetRawAsync, Roles.Read,
            "Gives the octets of the record as they were sent; of an event without a record, its message.")
            .Scoped(Scope.Binding);
        routes.Get(
            ById.OfCall("/events", "/events"), OfCallAsync, Roles.Read,
            "Lists every event of a call, each with its record as it was sent.", "", QueryParameter.Limit,
            QueryParameter.Cursor)
            .Produces<EventPageAnswer>().Scoped(Scope.Binding);
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var query = context.Query();
        var accept = context.Request.Headers.Accept.ToString();
        var isTail = accept.Contains("text/event-stream", StringComparison.OrdinalIgnoreCase);
        var filter = new RowFilter(context.Reads().Scope, context.Bearer().SeesAdministration)
        {
            IsLive = isTail,
            Through = query.Text("until") is { } end ? Position("until", end, context.Reads().Scope) : long.MaxValue,
            Session = query.Text("session"),
            Source = query.Text("source"),
            Task = query.Text("task"),
            Tool = query.Text("tool"),
        };
        var isLines = accept.Contains("ndjson", StringComparison.OrdinalIgnoreCase)
            || accept.Contains("jsonl", StringComparison.OrdinalIgnoreCase);
        var start = await StartAsync(context, query, filter.Scope, isTail);
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
        return Reply.Json(json => WritePage(json, rows, filter.Scope, next));
    }

    private async Task<IResult> OfCallAsync(HttpContext context)
    {
        var (call, query) = (await context.CallAsync(), context.Query());
        var filter = new RowFilter(context.Reads().Scope, context.Bearer().SeesAdministration);
        var (limit, after) = (query.Limit(), query.Cursor(filter.Scope) ?? 0);
        var (rows, next) = await pages.OfStreamAsync(call.Stream, filter, after, limit, context.RequestAborted);
        return rows.Count == 0 && after == 0
            ? call.NotFound()
            : Reply.Json(json => WritePage(json, rows, filter.Scope, next, limit));
    }

    private async Task<IResult> GetOneAsync(HttpContext context)
    {
        var row = await FindAsync(context);
        return Reply.Json(json => RowWriter.Write(json, row, context.Reads().Scope, inOneLine: false));
    }

    private async Task<IResult> GetRawAsync(HttpContext context)
    {
        var row = await FindAsync(context);
        row.TraceIn(context.Reads().Scope);
        var message = row.Row.Message;
        var record = message.AsMemory(row.View.PlaceOf(EventField.Record));
        return Reply.Content(
            record.IsEmpty ? message : record, row.IsOurs ? "application/json" : "application/octet-stream");
    }

    private static void WritePage(
        Utf8JsonWriter json, List<SeenRow> rows, ReadScope scope, long? next, int? limit = null)
    {
        json.WriteStartObject();
        json.WriteStartArray("items"u8);
        foreach (var row in rows)
        {
            RowWriter.Write(json, row, scope, inOneLine: false);
        }

        json.WriteEndArray();
        json.WriteString("next"u8, next is { } place ? scope.WriteCursor(place) : null);
        if (limit is { } most)
        {
            json.WriteNumber("limit"u8, most);
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// A client that comes back says in a header where it was; that header outlives the query it began with.
    /// </summary>
    private async ValueTask<long> StartAsync(HttpContext context, QueryReader query, ReadScope scope, bool isTail)
    {
        var seen = context.Request.Headers["Last-Event-ID"].ToString();
        if (isTail && seen.Length > 0)
        {
            return long.TryParse(seen, out var shown) && shown >= 0 && scope.Show(shown) is { } position
                ? position
                : throw QueryReader.Refusal("Last-Event-ID", $"a position is expected, not \"{seen}\".");
        }

        return query.Cursor(scope) is { } cursor ? cursor
            : query.Text("after") == "now" ? await journal.LastPositionAsync(context.RequestAborted)
            : query.Text("from") is { } from
                ? Math.Max(0, from.Split(',').Min(text => Position("from", text, scope)) - 1)
            : Position("after", query.Text("after") ?? "0", scope);
    }

    /// <summary>
    /// A position as whoever asks was given it: not everybody can tell which of two is the first, or which lies before.
    /// </summary>
    private static long Position(string name, string text, ReadScope scope) =>
        !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var shown)
            ? throw QueryReader.Refusal(name, $"a whole number from 0 is expected, not \"{text}\".")
            : scope.Show(shown) ?? throw QueryReader.Refusal(name, "it is no position that this token was given.");

    /// <exception cref="RefusedException">There is none that the token may see.</exception>
    private async Task<SeenRow> FindAsync(HttpContext context)
    {
        var text = (string)context.Request.RouteValues["position"]!;
        var filter = new RowFilter(context.Reads().Scope, context.Bearer().SeesAdministration);
        if (!long.TryParse(text, out var shown) || shown < 1)
        {
            throw new RefusedException(Problem.BadParameter(
                "position", $"a whole number from 1 is expected, not \"{text}\"."));
        }

        return filter.Scope.Show(shown) is { } position
            && await journal.ReadRowAsync(position, context.RequestAborted) is { } row
            && new SeenRow(row) is var seen && filter.Passes(seen)
            ? seen
            : throw new RefusedException(
                Problem.NotFound($"There is no event at position {shown} that this token may see."));
    }
}
