using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>Decisions on calls: a person posts one, the host waits for it.</summary>
internal sealed class DecisionEndpoints(RecordIntake intake, IJournal journal) : IEndpointGroup
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
            "The body is {decision, feedback?, by?}. The decisions that approve are "
            + $"{ApprovingDecisions.Accepted}; any other refuses.")
            .Produces<ReceiptAnswer>(StatusCodes.Status201Created);
        routes.Get(
            place, GetAsync, Waiting, "Waits until a call no longer awaits its confirmation.", "",
            new QueryParameter("wait", "Seconds to wait, up to 60."))
            .Produces<DecisionAnswer>();
    }

    private async Task<IResult> PostAsync(HttpContext context)
    {
        var (address, actor) = (context.CallAddress(), context.Bearer().Name);
        var decision = DecisionRecord.Read(await context.ReadObjectAsync(), actor);
        var call = await ReadAsync(context, address);
        var receipt = DecisionRecord.Repeated(call, decision)
            ?? await intake.SubmitAsync(DecisionRecord.Make(address, call, decision, actor, intake.Now, intake.Hasher));
        return intake.Answer(receipt);
    }

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var address = context.CallAddress();
        var seconds = context.Query().Number("wait", otherwise: 0, least: 0, most: LongestWait);
        var call = await ReadAsync(context, address);
        if (call.State == CallState.AwaitingConfirmation && seconds > 0)
        {
            await WaitAsync(context, call, TimeSpan.FromSeconds(seconds));
        }

        return Reply.Json(AnswerOf(call));
    }

    /// <exception cref="RefusedException">There is no such call, or the token is bound to others.</exception>
    private async Task<CallRead> ReadAsync(HttpContext context, CallAddress address)
    {
        var call = new CallRead(journal, address.Stream);
        await call.ReadOnAsync(context.RequestAborted);
        return call.LastRecord is null ? throw new RefusedException(address.NotFound())
            : call.RefuseFor(context.Bearer()) is { } refusal ? throw new RefusedException(Problem.Forbidden(refusal))
            : call;
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
            while (call.State == CallState.AwaitingConfirmation)
            {
                var position = await journal.LastPositionAsync(ending.Token);
                await call.ReadOnAsync(ending.Token);
                if (call.State == CallState.AwaitingConfirmation)
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

    private static DecisionAnswer AnswerOf(CallRead call)
    {
        var answer = new DecisionAnswer(Words.Of(call.State));
        if (call.State == CallState.AwaitingConfirmation || call.LastDecision is not { } last)
        {
            return answer;
        }

        answer = answer with { OnBehalfOf = last.Decision.OnBehalfOf, Position = last.Row.Position };
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
