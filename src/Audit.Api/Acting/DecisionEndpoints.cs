using Audit.Api.Intake;
using Audit.Api.Reading;

namespace Audit.Api.Acting;

/// <summary>Decisions on calls: a person posts one, the host waits for it.</summary>
internal sealed class DecisionEndpoints(RecordIntake intake, IJournal journal, Deciding deciding) : IEndpointGroup
{
    private const int LongestWait = 60;

    /// <summary>On a busy journal a waiting request looks no more often than this.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim waiting = new(1000);

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
            + $"approve are {ApprovingDecisions.Accepted}; any other refuses.")
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created).Scoped(Scope.Own);
        routes.Get(
            place, GetAsync, Waiting, "Waits until a call no longer awaits its confirmation.", "",
            new QueryParameter("wait", "Seconds to wait, up to 60."))
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
        var address = await context.CallAsync();
        var seconds = context.Query().Number("wait", otherwise: 0, least: 0, most: LongestWait);
        var call = await deciding.ReadAsync(address, context.Bearer(), context.RequestAborted);
        if (call.IsWaiting && seconds > 0)
        {
            await WaitAsync(context, call, TimeSpan.FromSeconds(seconds));
            if (!await context.Admission().HoldsAsync(context.RequestAborted))
            {
                return Problem.Unauthorized(Admission.Ended);
            }
        }

        var scope = context.Reads().Scope;
        if (call.LastDecision is { } decided)
        {
            scope.Trace?.Add(decided.Row.Position);
        }

        return Reply.Json(AnswerOf(call, scope) with { Source = address.Session.Source });
    }

    private async Task WaitAsync(HttpContext context, CallRead call, TimeSpan time)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, intake.Stopping);
        using var timer = intake.Clock.CreateTimer(_ => ending.Cancel(), null, time, Timeout.InfiniteTimeSpan);
        if (!waiting.Wait(0, CancellationToken.None))
        {
            // More wait than may; this one learns at once where the call stands, and asks again.
            return;
        }

        try
        {
            while (call.IsWaiting)
            {
                var position = await journal.LastPositionAsync(ending.Token);
                await call.ReadOnAsync(ending.Token);
                if (call.IsWaiting)
                {
                    await journal.WaitForMoreAsync(position, ending.Token);
                    await Task.Delay(LookAgain, ending.Token);
                }
            }
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            // The time is up, or the node stops; what is known is answered.
        }
        finally
        {
            waiting.Release();
        }
    }

    private static DecisionAnswer AnswerOf(CallRead call, ReadScope scope)
    {
        var isRefused = call.History.Standing.RefusedByNode;
        if (call.IsWaiting)
        {
            // Whatever the host says of it, the question waits until the node has an answer.
            return new DecisionAnswer(
                Words.Of(CallState.AwaitingConfirmation), Question: call.Question, RefusedByNode: isRefused);
        }

        var answer = new DecisionAnswer(Words.Of(call.State), RefusedByNode: isRefused);
        if (call.LastDecision is not { } last)
        {
            return answer;
        }

        answer = answer with { OnBehalfOf = last.Decision.OnBehalfOf, Position = scope.Hide(last.Row.Position) };
        return last.Decision.Outcome switch
        {
            Outcome.Approved approved => answer with
            {
                Decision = approved.Decision, By = approved.By, Feedback = approved.Feedback,
            },
            Outcome.Blocked blocked => answer with
            {
                Decision = blocked.Decision, By = blocked.By, Feedback = blocked.Feedback ?? blocked.Reason,
            },
            _ => answer,
        };
    }
}
