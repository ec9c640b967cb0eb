using Audit.Journal;

namespace Audit.Projections.Tests;

/// <summary>The search without an index: every event is read, and asked everything, with the same tokenizer.</summary>
internal static class NaiveSearch
{
    /// <returns>The newest event that matches of each call, and every note that does, newest first.</returns>
    public static async Task<long[]> FindAsync(IJournal journal, ReadModels models, SearchQuery query)
    {
        var (reader, calls, found) = (new FactsReader(), new Dictionary<string, IndexedCall>(), new Dictionary<string, long>());
        foreach (var row in await journal.ReadAfterAsync(0, 100_000, long.MaxValue, default))
        {
            var facts = reader.Read(row);
            if (facts.Kind is not (EventKind.Told or EventKind.Noted))
            {
                continue;
            }

            IndexedCall? call = null;
            CallModel? model = null;
            if (facts.Kind == EventKind.Told)
            {
                call = (calls.GetValueOrDefault(facts.Stream) ?? new IndexedCall(row.Position, default, null, null, null)).Follow(facts);
                calls[facts.Stream] = call;
                model = (await models.CallAsync(facts.SessionId, facts.CallId, default))!.Call;
            }

            var holds = true;
            foreach (var term in query.Terms)
            {
                holds &= await HoldsAsync(term, row, facts, call, model, models) != term.IsNegated;
            }

            if (holds)
            {
                found[facts.Kind == EventKind.Told ? facts.Stream : $"note {row.Position}"] = row.Position;
            }
        }

        return [.. found.Values.OrderDescending()];
    }

    private static async Task<bool> HoldsAsync(
        SearchTerm term, JournalRow row, EventFacts facts, IndexedCall? call, CallModel? model, ReadModels models)
    {
        switch (term)
        {
            case SearchTerm.Said said:
                var finder = new TextFinder([said.Sequences]);
                new EventTexts().Read(row.Message, finder);
                return finder.Found[0];
            case SearchTerm.Input input:
                return InputMatch.Holds(input with { IsNegated = false }, row.Message);
            case SearchTerm.Timed timed:
                var at = Instants.ToNumber(facts.At);
                return timed.Key.Key switch
                {
                    SearchKey.After => at >= timed.Ranges[0]!.Value.From,
                    SearchKey.Before => at < timed.Ranges[0]!.Value.From,
                    _ => timed.Ranges.Any(range => range!.Value.Holds(at)),
                };
            case SearchTerm.Keyed { Key.Key: SearchKey.Window } keyed:
                foreach (var value in keyed.Values)
                {
                    var window = (await models.WindowAsync(value.Text, ReadSideContract.FirstPage, default))!.Window;
                    if (model is not null && model.Task == window.Task && model.Agent == window.Agent && window.Until is not null && window.IsOpenAt(facts.At))
                    {
                        return true;
                    }
                }

                return false;
            case SearchTerm.Keyed keyed:
                return keyed.Values.Any(value => ValuesOf(keyed.Key.Key, facts, call, model).Any(value.Matches));
            default:
                throw new ArgumentOutOfRangeException(nameof(term));
        }
    }

    private static IEnumerable<string?> ValuesOf(SearchKey key, EventFacts facts, IndexedCall? call, CallModel? model) => key switch
    {
        SearchKey.Session => [facts.SessionId],
        SearchKey.Host => [facts.Host],
        SearchKey.Task => [facts.Task, call?.Identity.Task],
        SearchKey.Agent => [facts.Agent, call?.Identity.Agent],
        SearchKey.Tool => [facts.Tool, call?.Identity.Tool],
        SearchKey.Provider => [call?.Provider],
        SearchKey.Model => [call?.Model],
        SearchKey.By => [call?.By],
        SearchKey.Outcome => [call is null || facts.Oversized ? null : Lifecycle.Words.Of(facts.Message)],
        SearchKey.State => [model is null ? null : Lifecycle.Words.Of(model.State)],
        _ =>
        [
            model?.Violations > 0 ? "violation" : null,
            model is not null && model.Anomalies != Lifecycle.Anomalies.None ? "anomaly" : null,
            model?.IsOpen == true ? "open" : null,
            model?.Judged.OutsideWindow > 0 ? "outside-window" : null,
        ],
    };
}
