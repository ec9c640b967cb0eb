using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;
using Audit.Api.Intake;

namespace Audit.Api.Acting;

/// <summary>Decisions on calls: a person posts one, the host waits for it.</summary>
internal sealed class DecisionEndpoints(NodeParts node)
{
    private const int LongestWait = 60;

    /// <summary>On a busy journal a waiting request looks no more often than this.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim waiting = new(1000);

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Path = "/v1/sessions/{session}/calls/{call}/decision";
        const string ByQuery = "/v1/call/decision";
        // The host that waits has a token to write with, and a person's page one to read or to approve.
        const Roles Waiting = Roles.Read | Roles.Ingest | Roles.Approve;
        const string Decide = "Records that a person approved or refused a call.";
        var body = "The body is {decision, feedback?, by?}. The decisions that approve are "
            + $"{ApprovingDecisions.Accepted}; any other refuses.";
        const string Wait = "Waits until a call no longer awaits its confirmation.";
        QueryParameter session = new("session", "The session.", Required: true);
        QueryParameter call = new("call", "The tool call.", Required: true);
        QueryParameter wait = new("wait", "Seconds to wait, up to 60.");
        routes.Post(Path, context => PostAsync(context, CallAddress.OfPath(context)), Roles.Approve, Decide, body);
        routes.Post(
            ByQuery, context => PostAsync(context, CallAddress.OfQuery(context)), Roles.Approve, Decide, body, session, call);
        routes.Get(Path, context => GetAsync(context, CallAddress.OfPath(context)), Waiting, Wait, "", wait);
        routes.Get(ByQuery, context => GetAsync(context, CallAddress.OfQuery(context)), Waiting, Wait, "", session, call, wait);
    }

    private async Task PostAsync(HttpContext context, CallAddress address)
    {
        if (address.Problem is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        if (await context.ReadObjectAsync() is not { } body)
        {
            return;
        }

        var actor = context.Bearer().Name;
        var decision = DecisionRecord.Read(body, actor);
        if (await ReadAsync(context, address) is not { } call)
        {
            return;
        }

        var receipt = DecisionRecord.Repeated(call, decision)
            ?? await node.SubmitAsync(DecisionRecord.Make(address, call, decision, actor, node.Now, node.Hasher));
        await context.WriteReceiptAsync(receipt, node.Metrics);
    }

    private async Task GetAsync(HttpContext context, CallAddress address)
    {
        var query = new QueryReader(context.Request.Query);
        var seconds = query.Number("wait", otherwise: 0, least: 0, most: LongestWait);
        if ((address.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        if (await ReadAsync(context, address) is not { } call)
        {
            return;
        }

        if (call.State == CallState.AwaitingConfirmation && seconds > 0)
        {
            await WaitAsync(context, call, TimeSpan.FromSeconds(seconds));
        }

        await AnswerAsync(context, call);
    }

    /// <returns>Null when a problem was answered instead.</returns>
    private async Task<CallRead?> ReadAsync(HttpContext context, CallAddress address)
    {
        var call = new CallRead(node, address.Stream);
        await call.ReadOnAsync(context.RequestAborted);
        if (call.LastRecord is null)
        {
            await context.WriteProblemAsync(address.NotFound());
            return null;
        }

        if (call.RefuseFor(context.Bearer()) is { } refusal)
        {
            await context.WriteProblemAsync(Problem.Forbidden(refusal));
            return null;
        }

        return call;
    }

    private async Task WaitAsync(HttpContext context, CallRead call, TimeSpan time)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, node.Stopping);
        ending.CancelAfter(time);
        if (!waiting.Wait(0, CancellationToken.None))
        {
            // More wait than may; this one is told at once where the call stands, and asks again.
            return;
        }

        try
        {
            while (call.State == CallState.AwaitingConfirmation)
            {
                var position = await node.Journal.LastPositionAsync(ending.Token);
                await call.ReadOnAsync(ending.Token);
                if (call.State == CallState.AwaitingConfirmation)
                {
                    await node.Journal.WaitForMoreAsync(position, ending.Token);
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

    private static Task AnswerAsync(HttpContext context, CallRead call) =>
        context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            json.WriteString("state", Words.Of(call.State));
            if (call.State != CallState.AwaitingConfirmation && call.LastDecision is { } last)
            {
                var (decision, by, feedback) = last.Decision.Outcome switch
                {
                    Outcome.Approved approved => (approved.Decision, approved.By, approved.Feedback),
                    Outcome.Blocked blocked => (blocked.Decision, blocked.By, blocked.Feedback ?? blocked.Reason),
                    _ => (null, null, null),
                };
                json.WriteString("decision", decision);
                json.WriteString("by", by);
                if (last.Decision.OnBehalfOf is { } person)
                {
                    json.WriteString("on_behalf_of", person);
                }

                json.WriteString("feedback", feedback);
                json.WriteNumber("position", last.Row.Position);
            }

            json.WriteEndObject();
        });
}
