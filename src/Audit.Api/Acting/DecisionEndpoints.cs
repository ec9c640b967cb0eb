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
