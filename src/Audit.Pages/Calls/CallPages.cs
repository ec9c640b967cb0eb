using Audit.Pages.Rendering;
using Audit.Pages.Shared;

namespace Audit.Pages.Calls;

/// <summary>`/call?session=&amp;call=`.</summary>
internal static class CallPages
{
    public static void Map(PageMap pages) => pages.Get("/call", Roles.Read, ShowAsync);

    private static async Task<PageAnswer> ShowAsync(Visit visit)
    {
        var address = CallAddress.OfQuery(visit.Context);
        var after = visit.Query.Number("after", otherwise: 0, least: 0, most: long.MaxValue);
        var asOf = visit.Query.AsOf();
        if ((address.Problem ?? visit.Query.Problem) is { } problem)
        {
            return PageAnswer.Wrong(problem);
        }

        await visit.CatchUpAsync();
        if (await ReadAsync(visit, address, asOf) is not var (call, transitions, at) || !visit.Visible.Sees(call))
        {
            return PageAnswer.Wrong(address.NotFound());
        }

        var (steps, hasMore) = await CallEvents.ReadAsync(
            visit.Node, address.Stream, after, at ?? long.MaxValue, transitions.ToDictionary(message => message.Sequence), visit.Cancellation);
        var head = await visit.Node.Log.TryHeadAsync(visit.Cancellation);
        var view = new CallPageView(call, transitions, steps)
        {
            MoreAfter = hasMore && steps.Count > 0 ? steps[^1].Sequence : null,
            At = at,
            Sealed = head?.LastPosition ?? 0,
            LogKey = head?.Log.Key.ToString(),
            Recorded = visit.Recorded,
            Input = InputDifference.Of(
                steps.Select(step => step.Record?.RequestedInput).FirstOrDefault(IsTold),
                steps.Select(step => step.Record?.EffectiveInput).LastOrDefault(IsTold)),
        };
        return PageAnswer.Show<CallPage>($"{call.Tool ?? "Call"} {call.CallId}", "sessions", view, ["verify"]);
    }

    private static bool IsTold(System.Text.Json.JsonElement? input) => input is { ValueKind: not System.Text.Json.JsonValueKind.Null };

    private static async Task<(CallModel Call, IReadOnlyList<TransitionModel> Transitions, long? At)?> ReadAsync(
        Visit visit, CallAddress address, AsOf? asOf)
    {
        if (asOf is { } moment)
        {
            return await visit.Node.Reads.TimeTravel.CallAsync(address.Session, address.Call, moment, visit.Cancellation) is { } past
                ? (past.Item.Call, past.Item.Transitions, past.Position)
                : null;
        }

        return await visit.Node.Reads.Models.CallAsync(address.Session, address.Call, visit.Cancellation) is { } view
            ? (view.Call, view.Transitions, null)
            : null;
    }
}
