using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Decisions on calls: a person posts one, the host waits for it.</summary>
internal sealed class DecisionEndpoints(RecordIntake intake, Deciding deciding) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        // The host that waits has a token to write with, and a person's page one to read or to approve.
        const Roles Waiting = Roles.Read | Roles.Ingest | Roles.Approve;
        var place = ById.OfCall("/decision", "/decision");
        routes.Post(
            place, PostAsync, Roles.Approve, "Records that a person approved or refused a call.",
            "The body is {decision, sequence, question, feedback?, by?, not_seen_whole?}: sequence and question as the "
            + "call shows them, "
            + "for a decision is on that question and is refused with 409 when another one stands. Where the question "
            + "has not_seen_whole, something of it was cut or redacted, and an approval says "
            + "not_seen_whole: true, or is refused with 409. The decisions that "
            + $"approve are {DecisionRecord.Accepted}; any other refuses.")
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        routes.Get(
            place, GetAsync, Waiting, "Waits until a call no longer awaits its confirmation.", "",
            Deciding.Wait, Deciding.Question)
            .Produces<DecisionAnswer>().Scoped(Scope.Binding);
    }

    private async Task<IResult> PostAsync(HttpContext context)
    {
        var body = await context.ReadObjectAsync();
        return intake.Answer(await deciding.DecideAsync(
            await context.CallAsync(), body, context.Bearer(), context.RequestAborted));
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var question = Deciding.QuestionOf(context);
        var address = await context.CallAsync();
        var call = await deciding.ReadAsync(address, context.Bearer(), context.RequestAborted);
        return await deciding.AnswerAsync(context, address, call, question);
    }
}

/// <summary>`/v1/approvals` and `/v1/stops`: what stands for more calls than one, and how it is taken back.</summary>
internal sealed class OrderEndpoints(OrderBook orders, OrderDesk desk) : IEndpointGroup
{
    public void Map(IEndpointRouteBuilder routes)
    {
        const Roles Looking = Roles.Read | Roles.Approve;
        routes.Get(
            "/v1/approvals", ApprovalsAsync, Looking, "Lists approvals for sessions and locations that hold now.")
            .Produces<ItemPage<ApprovalAnswer>>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/approvals/{id}/end", EndAsync, Roles.Approve, "Takes an approval back; the body has the reason.")
            .Produces<ItemPage<ApprovalAnswer>>().Scoped(Scope.Unbound);
        routes.Get("/v1/stops", StopsAsync, Looking, "Lists the stops that hold now.")
            .Produces<ItemPage<StopAnswer>>().Scoped(Scope.Unbound);
        routes.Post(
            "/v1/stops", StopAsync, OrderDesk.MayStop,
            "Refuses at once whatever is asked for an agent, a session, a source or all, on every node.",
            "The body is {agent? and source? and session_id?, or all: true, and reason}. Questions that wait end.")
            .Produces<StopAnswer>(StatusCodes.Status201Created).Scoped(Scope.Unbound);
        routes.Post("/v1/stops/{id}/lift", LiftAsync, Roles.Approve, "Lifts a stop; the body has the reason.")
            .Produces<ItemPage<StopAnswer>>().Scoped(Scope.Unbound);
    }

    private async Task<IResult> ApprovalsAsync(HttpContext context) => Reply.Json(new ItemPage<ApprovalAnswer>(
        [.. (await orders.ApprovalsAsync(context.RequestAborted)).Select(Of)], null));

    private async Task<IResult> StopsAsync(HttpContext context) => Reply.Json(new ItemPage<StopAnswer>(
        [.. (await orders.StopsAsync(context.RequestAborted)).Select(Of)], null));

    private async Task<IResult> EndAsync(HttpContext context)
    {
        await desk.EndAsync(
            context.PathId("id"), await context.ReadObjectAsync(), context.Bearer(), context.RequestAborted);
        return await ApprovalsAsync(context);
    }

    private async Task<IResult> StopAsync(HttpContext context) => Reply.Json(
        Of(await desk.StopAsync(await context.ReadObjectAsync(), context.Bearer())), StatusCodes.Status201Created);

    private async Task<IResult> LiftAsync(HttpContext context)
    {
        await desk.LiftAsync(
            context.PathId("id"), await context.ReadObjectAsync(), context.Bearer(), context.RequestAborted);
        return await StopsAsync(context);
    }

    private static ApprovalAnswer Of(StandingApproval one) => new(
        one.Id, one.Decision, one.Session.Source, one.Session.Id, one.Agent, one.Tool, one.Kind, one.Rule, one.Version,
        one.By, one.Call, one.GivenAt.ToString(), one.Until.ToString());

    private static StopAnswer Of(StandingStop one) => new(
        one.Id, one.Source, one.Session, one.Agent, one.Reason, one.By, one.At.ToString());
}
