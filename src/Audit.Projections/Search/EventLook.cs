using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>Looks at the events themselves: whether they hold what the index does not know for sure.</summary>
internal sealed class EventLook(SearchPlan plan)
{
    private readonly EventTexts texts = new();
    private readonly List<SearchTerm.Phrase> asked =
        [.. plan.Phrases.Where(phrase => phrase.IsAsked).Select(phrase => phrase.Term)];

    public bool Holds(JournalRow row)
    {
        var view = EventView.Read(row.Message);
        if (asked.Count > 0)
        {
            var finder = new TextFinder([.. asked.Select(phrase => phrase.Sequences)]);
            texts.Read(view, finder);
            for (var index = 0; index < asked.Count; index++)
            {
                if (finder.Found[index] == asked[index].IsNegated)
                {
                    return false;
                }
            }
        }

        return plan.Inputs.TrueForAll(input => InputMatch.Holds(input, view));
    }
}

/// <summary>What to show of an event that was found: whatever any alternative of the query looks for.</summary>
internal sealed class ExcerptLook(SearchQuery query)
{
    private readonly EventTexts texts = new();
    private readonly List<IReadOnlyList<string[]>> shown =
    [
        .. query.Terms.Where(term => !term.IsNegated).SelectMany(term => term switch
        {
            SearchTerm.Phrase phrase => [phrase.Sequences],
            SearchTerm.Input input => input.Values.Select(value => value.Sequences),
            _ => [],
        }),
    ];

    public SearchExcerpt? Of(in EventView view)
    {
        if (shown.Count == 0)
        {
            return null;
        }

        var finder = new TextFinder(shown);
        texts.Read(view, finder);
        return finder.Excerpt;
    }
}
