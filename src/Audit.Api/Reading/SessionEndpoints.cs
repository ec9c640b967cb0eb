using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`/v1/sessions`: sessions and their calls.</summary>
internal sealed class SessionEndpoints(NodeParts node)
{
    private static readonly QueryParameter Session = new("session", "The session.", Required: true);
    private static readonly QueryParameter At = new("at", "A position or a time: as it was known then.");
    private static readonly QueryParameter[] Paging =
        [new("limit", "At most so many, up to 1000."), new("cursor", "The next of the page before.")];

    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes)
    {
        const string ByQuery = "For ids that a path cannot carry.";
        const string One = "Shows a session: its calls by state, who took part, and whether it was told whole.";
        const string Calls = "Lists the calls of a session, newest first.";
        routes.Get("/v1/sessions", ListAsync, Roles.Read, "Lists the sessions, newest first.", "", Paging);
        routes.Get("/v1/sessions/{session}", context => GetAsync(context, OfPath(context)), Roles.Read, One, "", At);
        routes.Get("/v1/session", context => GetAsync(context, OfQuery(context)), Roles.Read, One, ByQuery, Session, At);
        routes.Get("/v1/sessions/{session}/calls", context => CallsAsync(context, OfPath(context)), Roles.Read, Calls, "", [.. Paging, At]);
        routes.Get(
            "/v1/session/calls", context => CallsAsync(context, OfQuery(context)), Roles.Read, Calls, ByQuery, [Session, .. Paging, At]);
    }

    private Task ListAsync(HttpContext context)
    {
        var visible = new Visibility(context.Bearer());
        return answers.ListAsync(
            context, new QueryReader(context.Request.Query),
            async (page, cancellation) => await node.Reads.Models.SessionsAsync(page, cancellation), visible.Sees, SessionJson.Write);
    }

    private async Task GetAsync(HttpContext context, (string Id, Problem? Problem) asked)
    {
        var query = new QueryReader(context.Request.Query);
        var asOf = query.AsOf();
        if ((asked.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        await answers.BeginAsync(context);
        var past = asOf is { } moment ? await node.Reads.TimeTravel.SessionAsync(asked.Id, moment, context.RequestAborted) : null;
        var session = asOf is null ? await node.Reads.Models.SessionAsync(asked.Id, context.RequestAborted) : past?.Item.Session;
        if (session is null || !new Visibility(context.Bearer()).Sees(session))
        {
            await context.WriteProblemAsync(NotFound(asked.Id));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            SessionJson.WriteMembers(json, session);
            if (past is not null)
            {
                json.WriteNumber("as_of", past.Position);
            }

            json.WriteEndObject();
        });
    }

    private async Task CallsAsync(HttpContext context, (string Id, Problem? Problem) asked)
    {
        var query = new QueryReader(context.Request.Query);
        var asOf = query.AsOf();
        if ((asked.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        var visible = new Visibility(context.Bearer());
        if (asOf is not { } moment)
        {
            await answers.ListAsync(
                context, query, (page, cancellation) => node.Reads.Models.CallsAsync(asked.Id, page, cancellation), visible.Sees,
                CallJson.Write, () => NotFound(asked.Id));
            return;
        }

        await answers.BeginAsync(context);
        if (await node.Reads.TimeTravel.SessionAsync(asked.Id, moment, context.RequestAborted) is not { } past)
        {
            await context.WriteProblemAsync(NotFound(asked.Id));
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            ModelAnswers.WritePage(json, new Page<CallModel>(past.Item.Calls, null), visible.Sees, CallJson.Write);
            json.WriteNumber("as_of", past.Position);
            json.WriteEndObject();
        });
    }

    private static Problem NotFound(string id) => Problem.NotFound($"There is no session \"{id}\" that this token may see.");

    private static (string Id, Problem? Problem) OfPath(HttpContext context)
    {
        var id = PathIds.Of(context, "session");
        return (id, Ids.Refuse(id, Ids.MaxBytes, isSession: true) is { } sentence
            ? Problem.BadParameter("session", sentence + ".") : null);
    }

    private static (string Id, Problem? Problem) OfQuery(HttpContext context)
    {
        var query = new QueryReader(context.Request.Query);
        return (query.RequiredId("session", isSession: true), query.Problem);
    }
}
