namespace Audit.Api.Reading;

/// <summary>
/// `/v1/sessions`: sessions, their calls, and each call with its messages, now or as they were; `/v1/violations`.
/// </summary>
internal sealed class CallEndpoints(Questions questions) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Get(
            "/v1/sessions", ListAsync, Roles.Read, "Lists the sessions, newest first.", "",
            QueryParameter.Limit, QueryParameter.Cursor, QueryParameter.Counts)
            .Produces<ItemPage<SessionAnswer>>().Scoped(Scope.Binding);
        routes.Get(
            ById.OfSession(), SessionAsync, Roles.Read,
            "Shows a session: its calls by state, who took part, and whether it was reported completely.", "",
            QueryParameter.At)
            .Produces<SessionAnswer>().Scoped(Scope.Binding);
        routes.Get(
            ById.OfSession("/calls", "/calls"), CallsAsync, Roles.Read,
            "Lists the calls of a session, newest first.", "",
            new("parent", "Only those that were made in the course of this call."), QueryParameter.Limit,
            QueryParameter.Cursor, QueryParameter.At)
            .Produces<CallPageAnswer>().Scoped(Scope.Binding);
        routes.Get(
            ById.OfCall(), CallAsync, Roles.Read,
            "Shows a call: its state, how long it waited and ran, and every message as it is judged.", "",
            QueryParameter.At)
            .Produces<CallDetailAnswer>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/waiting", WaitingAsync, Roles.Read,
            "Lists the calls that wait for a person's decision, each with the question that is asked.", "",
            QueryParameter.Limit, QueryParameter.Cursor, QueryParameter.Counts)
            .Produces<ItemPage<CallAnswer>>().Scoped(Scope.Binding);
        routes.Get(
            "/v1/violations", ViolationsAsync, Roles.Read,
            "Lists refused messages and acts, standing and lifted, newest first.", "",
            new("lifted", "true for lifted ones only, false for standing ones only."),
            new("review", $"Only those that stand so with their reviewers: {ViolationQuery.Reviews}."),
            QueryParameter.Limit, QueryParameter.Cursor, QueryParameter.Counts)
            .Produces<ItemPage<ViolationAnswer>>().Scoped(Scope.Binding);
    }

    private Task<IResult> ListAsync(HttpContext context) => questions.ListAsync(
        context, (models, page, cancellation) => models.SessionsAsync(page, cancellation), session =>
            WireOf.Of(session));

    private Task<IResult> WaitingAsync(HttpContext context) => questions.ListAsync(
        context, (models, page, cancellation) => models.WaitingCallsAsync(page, cancellation),
        call => WireOf.OfWaiting(call, context.Reads().Scope));

    private Task<IResult> ViolationsAsync(HttpContext context)
    {
        var filter = context.Query().Violations();
        return questions.ListAsync(
            context, (models, page, cancellation) => models.ViolationsAsync(filter, page, cancellation), WireOf.Of);
    }

    private async Task<IResult> SessionAsync(HttpContext context)
    {
        var reads = context.Reads();
        var (asOf, session) = (context.Query().AsOf(reads.Scope), await context.SessionAsync());
        await questions.BeginAsync(context);
        var past = await PastAsync(reads, session, asOf, context.RequestAborted);
        var found = asOf is null
            ? await reads.Models.SessionAsync(session, context.RequestAborted)
            : past?.Item.Session;
        return found is not null
            ? Reply.Json(WireOf.Of(found, WireOf.Position(reads.Scope, past)) with
            {
                Linked = await context.LinkedAsync(session), Sentence = WireOf.Of(Sentence.Of(found)),
                Archived = await context.ArchivedBesideAsync(session),
            })
            : await context.ArchivedAsync(session.Id, session.Source) ?? SessionOfRequest.NoSession(session.Id);
    }

    private async Task<IResult> CallsAsync(HttpContext context)
    {
        var (query, reads) = (context.Query(), context.Reads());
        var (asOf, page, parent) = (query.AsOf(reads.Scope), query.Page(), query.Id("parent", Ids.MaxCallBytes));
        var session = await context.SessionAsync();
        await questions.BeginAsync(context);
        var past = await PastAsync(reads, session, asOf, context.RequestAborted);
        var calls = asOf is null ? await reads.Models.CallsAsync(
                session, new CallFilter { Parent = parent }, page, context.RequestAborted)
            : past is null ? null
            : new Page<CallModel>(
                [.. past.Item.Calls.Where(call => parent is null || call.Parent == parent)], null);
        if (calls is null)
        {
            return await context.ArchivedAsync(session.Id, session.Source) ?? SessionOfRequest.NoSession(session.Id);
        }

        var shown = WireOf.Page(calls, WireOf.Of);
        return Reply.Json(new CallPageAnswer(shown.Items, shown.Next) { AsOf = WireOf.Position(reads.Scope, past) });
    }

    private async Task<IResult> CallAsync(HttpContext context)
    {
        var reads = context.Reads();
        var (asOf, address) = (context.Query().AsOf(reads.Scope), await context.CallAsync());
        await questions.BeginAsync(context);
        var answer = asOf is { } moment
            ? await PastAsync(reads, address, moment, context.RequestAborted)
            : await NowAsync(reads, address, context.RequestAborted);
        return answer is not null ? Reply.Json(answer)
            : await context.ArchivedAsync(address.Session.Id, address.Session.Source, address.Call)
                ?? address.NotFound();
    }

    private static async Task<Past<PastSession>?> PastAsync(
        ScopedReads reads, SessionName session, AsOf? asOf, CancellationToken cancellation) =>
        asOf is { } moment ? await reads.TimeTravel.SessionAsync(session, moment, cancellation) : null;

    private static async Task<CallDetailAnswer?> NowAsync(
        ScopedReads reads, CallAddress address, CancellationToken cancellation) =>
        await reads.Models.CallAsync(address.Session, address.Call, cancellation) is { } view
            ? WireOf.Of(view.Call, view.Transitions, asOf: null) with
            {
                Sentence = WireOf.Of(
                    await reads.Models.SentenceAsync(view.Call, view.Transitions, cancellation)),
            }
            : null;

    private static async Task<CallDetailAnswer?> PastAsync(
        ScopedReads reads, CallAddress address, AsOf moment, CancellationToken cancellation) =>
        await reads.TimeTravel.CallAsync(address.Session, address.Call, moment, cancellation) is { } past
            ? WireOf.Of(past.Item.Call, past.Item.Transitions, WireOf.Position(reads.Scope, past)) with
            {
                Sentence = WireOf.Of(
                    await reads.Models.SentenceAsync(past.Item.Call, past.Item.Transitions, cancellation)),
            }
            : null;
}

/// <summary>Which violations a query asks for, of the API or of a page.</summary>
internal static class ViolationQuery
{
    private static readonly ReviewState[] Accepted =
        [ReviewState.Waiting, ReviewState.Explained, ReviewState.Reviewed, ReviewState.Reopened];

    public static readonly string Reviews = string.Join(", ", Accepted.Select(WireOf.Of));

    public static ViolationFilter Violations(this QueryReader query)
    {
        var word = query.Text("review");
        var review = Accepted.FirstOrDefault(state => WireOf.Of(state) == word);
        return word is null || review != ReviewState.None
            ? new ViolationFilter { Lifted = query.Flag("lifted"), Review = word is null ? null : review }
            : throw QueryReader.Refusal("review", $"one of {Reviews} is expected, not \"{word}\".");
    }
}
