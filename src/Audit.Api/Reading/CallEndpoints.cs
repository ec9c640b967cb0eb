using Audit.Api.Access;
using Audit.Api.Answers;
using Audit.Api.Hosting;

namespace Audit.Api.Reading;

/// <summary>`…/calls/{c}`: one call with its messages, now or as it was.</summary>
internal sealed class CallEndpoints(NodeParts node)
{
    private readonly ModelAnswers answers = new(node);

    public void Map(IEndpointRouteBuilder routes)
    {
        const string Summary = "Shows a call: its state, how long it waited and ran, and every message as it is judged.";
        var at = new QueryParameter("at", "A position or a time: as it was known then.");
        routes.Get(
            "/v1/sessions/{session}/calls/{call}", context => GetAsync(context, CallAddress.OfPath(context)), Roles.Read, Summary, "", at);
        routes.Get(
            "/v1/call", context => GetAsync(context, CallAddress.OfQuery(context)), Roles.Read, Summary,
            "For ids that a path cannot carry.", new("session", "The session.", Required: true),
            new("call", "The tool call.", Required: true), at);
    }

    private async Task GetAsync(HttpContext context, CallAddress address)
    {
        var query = new QueryReader(context.Request.Query);
        var asOf = query.AsOf();
        if ((address.Problem ?? query.Problem) is { } problem)
        {
            await context.WriteProblemAsync(problem);
            return;
        }

        await answers.BeginAsync(context);
        var found = asOf is { } moment
            ? await PastAsync(address, moment, context.RequestAborted)
            : await NowAsync(address, context.RequestAborted);
        if (found is not var (call, transitions, position) || !new Visibility(context.Bearer()).Sees(call))
        {
            await context.WriteProblemAsync(address.NotFound());
            return;
        }

        await context.WriteJsonAsync(StatusCodes.Status200OK, json =>
        {
            json.WriteStartObject();
            CallJson.WriteMembers(json, call);
            CallJson.WriteTransitions(json, transitions);
            if (position is { } asOfPosition)
            {
                json.WriteNumber("as_of", asOfPosition);
            }

            json.WriteEndObject();
        });
    }

    private async Task<(CallModel Call, IReadOnlyList<TransitionModel> Transitions, long? Position)?> NowAsync(
        CallAddress address, CancellationToken cancellation) =>
        await node.Reads.Models.CallAsync(address.Session, address.Call, cancellation) is { } view
            ? (view.Call, view.Transitions, null)
            : null;

    private async Task<(CallModel Call, IReadOnlyList<TransitionModel> Transitions, long? Position)?> PastAsync(
        CallAddress address, AsOf moment, CancellationToken cancellation) =>
        await node.Reads.TimeTravel.CallAsync(address.Session, address.Call, moment, cancellation) is { } past
            ? (past.Item.Call, past.Item.Transitions, past.Position)
            : null;
}
