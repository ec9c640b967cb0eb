using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// A query with all that it names looked up: what the index is asked, and what is asked of calls and events after.
/// </summary>
internal sealed class SearchPlan
{
    public List<IndexClause> Clauses { get; } = [];

    /// <summary>One of the bits must be in the call's mark, or none of them.</summary>
    public List<(bool IsNegated, long Mask)> Marks { get; } = [];

    public List<(bool IsNegated, IReadOnlyList<TimeRange> Ranges)> Times { get; } = [];

    public List<(bool IsNegated, IReadOnlyList<WindowModel> Windows)> Windows { get; } = [];

    /// <summary>
    /// Words and phrases, each with whether the event is to be asked: a single word the index knows for sure.
    /// </summary>
    public List<(SearchTerm.Phrase Term, bool IsAsked)> Phrases { get; } = [];

    public List<SearchTerm.Input> Inputs { get; } = [];

    /// <summary>Something is asked for that never was.</summary>
    public bool FindsNothing { get; set; }

    public bool AsksEvents => Inputs.Count > 0 || Phrases.Exists(phrase => phrase.IsAsked);

    public bool AsksModels => Marks.Count > 0 || Windows.Count > 0;

    public bool HoldsAt(long at) =>
        Times.TrueForAll(time => time.Ranges.Any(range => range.Holds(at)) != time.IsNegated);

    /// <param name="call">Null where the read models know no such call.</param>
    public bool Holds(CallModel? call, long at) =>
        Marks.TrueForAll(term => ((call is null ? 0 : CallMarks.Of(call) & term.Mask) != 0) != term.IsNegated)
        && Windows.TrueForAll(term => term.Windows.Any(window => IsDoneIn(window, call, at)) != term.IsNegated);

    public static TimeRange RangeOf(WindowModel window) => window.OpensAt is { } opens && window.Until is { } until
        ? new TimeRange(Instants.ToNumber(opens), Instants.ToNumber(until))
        : default;

    private static bool IsDoneIn(WindowModel window, CallModel? call, long at) =>
        call is not null && call.Task == window.Task && call.Agent == window.Agent && RangeOf(window).Holds(at);
}
