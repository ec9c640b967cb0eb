using Audit.Projections.Language;
using Audit.Projections.Queries;

namespace Audit.Projections.Search;

/// <summary>
/// A query with all that it names looked up: what the index is asked, and what is asked of calls and events after.
/// </summary>
internal sealed class SearchPlan(ReadScope scope)
{
    /// <summary>Whoever asks sees no more than this.</summary>
    public ReadScope Scope => scope;

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

    /// <summary>
    /// Patterns of names that the events are asked for: which names there are is not for everybody to know.
    /// </summary>
    public List<SearchTerm.Keyed> Patterns { get; } = [];

    /// <summary>Something is asked for that never was.</summary>
    public bool FindsNothing { get; set; }

    public bool AsksEvents => Inputs.Count > 0 || Patterns.Count > 0 || Phrases.Exists(phrase => phrase.IsAsked);

    public bool AsksModels => Marks.Count > 0 || Windows.Count > 0 || !scope.IsAll;

    public bool HoldsAt(long at) =>
        Times.TrueForAll(time => time.Ranges.Any(range => range.Holds(at)) != time.IsNegated);

    /// <param name="call">Null where the read models know no such call.</param>
    public bool Holds(in Candidate one, CallModel? call) =>
        (scope.IsAll || one.Call == 0 || (call is not null && scope.Sees(call)))
        && Holds(call, one.At);

    private bool Holds(CallModel? call, long at) =>
        Marks.TrueForAll(term => ((call is null ? 0 : CallMarks.Of(call) & term.Mask) != 0) != term.IsNegated)
        && Windows.TrueForAll(term => term.Windows.Any(window => IsDoneIn(window, call, at)) != term.IsNegated);

    public static TimeRange RangeOf(WindowModel window) => window.OpensAt is { } opens && window.Until is { } until
        ? new TimeRange(Instants.ToNumber(opens), Instants.ToNumber(until))
        : default;

    private static bool IsDoneIn(WindowModel window, CallModel? call, long at) =>
        call is not null && call.Task == window.Task && call.Agent == window.Agent && RangeOf(window).Holds(at);
}
