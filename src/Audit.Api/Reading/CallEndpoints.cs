namespace Audit.Api.Reading;

/// <summary>
/// `/v1/sessions`: sessions, their calls, and each call with its messages, now or as they were; `/v1/violations`.
/// </summary>
internal sealed class CallEndpoints(ReadSide reads, Questions questions) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        QueryParameter session = new("session", "The session.", Required: true);
        routes.Get(
            "/v1/sessions", ListAsync, Roles.Read, "Lists the sessions, newest first.", "",
            QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<ItemPage<SessionAnswer>>();
        routes.Get(
            new ById("/v1/sessions/{session}", "/v1/session", session), SessionAsync, Roles.Read,
            "Shows a session: its calls by state, who took part, and whether it was told whole.", "", QueryParameter.At)
            .Produces<SessionAnswer>();
        routes.Get(
            new ById("/v1/sessions/{session}/calls", "/v1/session/calls", session), CallsAsync, Roles.Read,
            "Lists the calls of a session, newest first.", "", QueryParameter.Limit, QueryParameter.Cursor, QueryParameter.At)
            .Produces<CallPageAnswer>();
        routes.Get(
            ById.OfCall(), CallAsync, Roles.Read,
            "Shows a call: its state, how long it waited and ran, and every message as it is judged.", "", QueryParameter.At)
            .Produces<CallDetailAnswer>();
        routes.Get(
            "/v1/violations", ViolationsAsync, Roles.Read,
            "Lists refused messages and acts, standing and lifted, newest first.", "",
            new("lifted", "true for lifted ones only, false for standing ones only."), QueryParameter.Limit, QueryParameter.Cursor)
            .Produces<ItemPage<ViolationAnswer>>();
    }

    private Task<IResult> ListAsync(HttpContext context) => questions.ListAsync(
        context, reads.Models.SessionsAsync, new Visibility(context.Bearer()).Sees, session => WireOf.Of(session));

    private Task<IResult> ViolationsAsync(HttpContext context)
    {
        var lifted = context.Query().Flag("lifted");
        return questions.ListAsync(
            context, (page, cancellation) => reads.Models.ViolationsAsync(lifted, page, cancellation),
            new Visibility(context.Bearer()).Sees, WireOf.Of);
    }

    private async Task<IResult> SessionAsync(HttpContext context)
    {
        var (id, asOf) = (context.SessionId(), context.Query().AsOf());
        await questions.BeginAsync(context);
        var past = asOf is { } moment ? await reads.TimeTravel.SessionAsync(id, moment, context.RequestAborted) : null;
        var session = asOf is null ? await reads.Models.SessionAsync(id, context.RequestAborted) : past?.Item.Session;
        return session is not null && new Visibility(context.Bearer()).Sees(session)
            ? Reply.Json(WireOf.Of(session, past?.Position))
            : NotFound(id);
    }

    private async Task<IResult> CallsAsync(HttpContext context)
    {
        var (id, query) = (context.SessionId(), context.Query());
        var (asOf, page) = (query.AsOf(), query.Page());
        await questions.BeginAsync(context);
        var past = asOf is { } moment ? await reads.TimeTravel.SessionAsync(id, moment, context.RequestAborted) : null;
        var calls = asOf is null ? await reads.Models.CallsAsync(id, page, context.RequestAborted)
            : past is null ? null : new Page<CallModel>(past.Item.Calls, null);
        if (calls is null)
        {
            return NotFound(id);
        }

        var shown = WireOf.Page(calls, new Visibility(context.Bearer()).Sees, WireOf.Of);
        return Reply.Json(new CallPageAnswer(shown.Items, shown.Next) { AsOf = past?.Position });
    }

    private async Task<IResult> CallAsync(HttpContext context)
    {
        var (address, asOf) = (context.CallAddress(), context.Query().AsOf());
        await questions.BeginAsync(context);
        var answer = asOf is { } moment
            ? await PastAsync(address, moment, context)
            : await NowAsync(address, context);
        return answer is null ? address.NotFound() : Reply.Json(answer);
    }

    private async Task<CallDetailAnswer?> NowAsync(CallAddress address, HttpContext context) =>
        await reads.Models.CallAsync(address.Session, address.Call, context.RequestAborted) is { } view
            && Sees(context, view.Call)
            ? WireOf.Of(view.Call, view.Transitions, asOf: null)
            : null;

    private async Task<CallDetailAnswer?> PastAsync(CallAddress address, AsOf moment, HttpContext context) =>
        await reads.TimeTravel.CallAsync(address.Session, address.Call, moment, context.RequestAborted) is { } past
            && Sees(context, past.Item.Call)
            ? WireOf.Of(past.Item.Call, past.Item.Transitions, past.Position)
            : null;

    private static bool Sees(HttpContext context, CallModel call) => new Visibility(context.Bearer()).Sees(call);

    private static Problem NotFound(string id) =>
        Problem.NotFound($"There is no session \"{id}\" that this token may see.");
}
