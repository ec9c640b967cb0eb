using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// Looks at the events themselves: whether they hold what the index does not know for sure, and what to show of them.
/// </summary>
internal sealed class EventLook
{
    private readonly EventTexts texts = new();
    private readonly SearchPlan plan;
    private readonly List<IReadOnlyList<string[]>> shown;
    private readonly List<(SearchTerm.Phrase Term, bool IsAsked)> asked;

    public EventLook(SearchPlan plan)
    {
        this.plan = plan;
        asked = plan.Phrases.Where(phrase => phrase.IsAsked).ToList();
        var values = plan.Inputs.Where(input => !input.IsNegated).SelectMany(input => input.Values);
        shown =
        [
            .. plan.Phrases.Where(phrase => !phrase.Term.IsNegated).Select(phrase => phrase.Term.Sequences),
            .. values.Select(value => value.Sequences),
        ];
    }

    public bool Holds(JournalRow row)
    {
        var view = EventView.Read(row.Message);
        if (asked.Count > 0)
        {
            var finder = new TextFinder([.. asked.Select(phrase => phrase.Term.Sequences)]);
            texts.Read(view, finder);
            for (var index = 0; index < asked.Count; index++)
            {
                if (finder.Found[index] == asked[index].Term.IsNegated)
                {
                    return false;
                }
            }
        }

        return plan.Inputs.TrueForAll(input => InputMatch.Holds(input, view));
    }

    public SearchExcerpt? Excerpt(in EventView view)
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
