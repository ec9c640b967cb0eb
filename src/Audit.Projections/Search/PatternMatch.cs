using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>Whether names of an event, or of its call, match patterns.</summary>
internal static class PatternMatch
{
    public static bool Holds(IReadOnlyList<SearchTerm.Keyed> patterns, JournalRow row, CallModel? call)
    {
        var facts = new FactsReader().Read(row);
        return patterns.All(term => term.Values.Any(value =>
            NamesOf(term.Key.Key, facts, call).Any(value.Matches)) != term.IsNegated);
    }

    private static string?[] NamesOf(SearchKey key, EventFacts facts, CallModel? call) => key switch
    {
        SearchKey.Tool => [facts.Tool, call?.Tool],
        SearchKey.Session => [facts.SessionId],
        SearchKey.Task => [facts.Task, call?.Task],
        SearchKey.Agent => [facts.Agent, call?.Agent],
        SearchKey.Source => [facts.Source],
        SearchKey.Token => [facts.Token],
        SearchKey.Provider => [facts.Provider, call?.Provider],
        SearchKey.Model => [facts.Model, call?.Model],
        SearchKey.By => [facts.By, call?.DecidedBy],
        SearchKey.Outcome => [facts.CallId.Length > 0 && !facts.Oversized ? Words.Of(facts.Message) : null],
        _ => [],
    };
}
