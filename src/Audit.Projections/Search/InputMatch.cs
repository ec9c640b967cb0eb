using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// Whether a value stands at a path of an event's requested or effective input, or in what lies below the path: a text
/// or number that is the value, has its words in a row, whatever their case, or is matched as a whole by the glob that
/// it is. An array stands for each of its elements.
/// </summary>
internal static class InputMatch
{
    private static readonly JsonDocumentOptions Options = new() { MaxDepth = EventView.MaxDepth };

    public static bool Holds(SearchTerm.Input term, in EventView view) =>
        (Stands(term, view, EventField.RequestedInput) || Stands(term, view, EventField.EffectiveInput))
        != term.IsNegated;

    private static bool Stands(SearchTerm.Input term, in EventView view, EventField field)
    {
        var input = view.Message[view.PlaceOf(field)];
        if (input.IsEmpty)
        {
            return false;
        }

        using var document = JsonDocument.Parse(input, Options);
        return At(document.RootElement, term.Path, 0).SelectMany(Below)
            .Any(text => term.Values.Any(value => Matches(value, text)));
    }

    private static IEnumerable<JsonElement> At(JsonElement element, IReadOnlyList<string> path, int depth) =>
        depth == path.Count ? [element]
        : element.ValueKind == JsonValueKind.Array ? element.EnumerateArray().SelectMany(item => At(item, path, depth))
        : element.ValueKind == JsonValueKind.Object && element.TryGetProperty(path[depth], out var member)
        ? At(member, path, depth + 1)
        : [];

    private static IEnumerable<string> Below(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Below(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Below),
        JsonValueKind.String => [element.GetString()!],
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => [element.GetRawText()],
        _ => [],
    };

    private static bool Matches(SearchValue value, string text)
    {
        if (value.IsGlob)
        {
            return Glob.Matches(value.Text, text);
        }

        var words = WordSequences.Of(value.Text, isPhrase: true);
        if (words.Count == 0 || text == value.Text)
        {
            return text == value.Text;
        }

        var finder = new TextFinder([words]);
        finder.Visit(TextPlace.Input, text, isKey: false);
        return finder.Found[0];
    }
}

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
        SearchKey.User => [facts.By, call?.DecidedBy, facts.Token],
        SearchKey.Rule =>
        [
            facts.Policy?.Rule, facts.Policy?.WouldRule,
            .. call?.Rules?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [],
        ],
        SearchKey.Outcome => [facts.CallId.Length > 0 && !facts.Oversized ? Words.Of(facts.Message) : null],
        _ => [],
    };
}
