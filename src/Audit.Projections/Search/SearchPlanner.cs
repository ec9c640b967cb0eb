using Audit.Projections.Language;
using Audit.Projections.Queries;

namespace Audit.Projections.Search;

/// <summary>
/// Makes plans of a query, one for each of its alternatives: looks up the names that globs match, and the windows.
/// </summary>
internal sealed class SearchPlanner(
    IReadSession index, IReadSession models, ReadScope scope, CancellationToken cancellation)
{
    /// <summary>More names than these are no longer a question that an index answers quickly.</summary>
    public const int MostNames = 1_000;

    /// <summary>Patterns of names in one query.</summary>
    public const int MostPatterns = 16;

    /// <summary>Names that one query looks through for those that its patterns match.</summary>
    public const int MostLookedThrough = 200_000;

    private const int NamesAtOnce = 2_000;
    private const int MostOfOneName = 10;

    private readonly Dictionary<(SearchKey, string), IReadOnlyList<string>> matching = [];
    private readonly Dictionary<string, WindowModel> named = new(StringComparer.Ordinal);
    private SearchPlan plan = new(scope);
    private int expanded;
    private int lookedThrough;

    public async Task<IReadOnlyList<SearchPlan>> MakeAsync(SearchQuery query)
    {
        // Of all alternatives together: what bounds a query must not begin anew with each.
        var patterns = query.Terms.OfType<SearchTerm.Keyed>().Where(keyed => keyed.Key.Key != SearchKey.Window)
            .SelectMany(keyed => keyed.Values).Where(value => value.IsGlob).ToList();
        Require(
            patterns.Count <= MostPatterns, $"A query may have at most {MostPatterns} patterns of names.",
            patterns.ElementAtOrDefault(MostPatterns));
        var plans = new List<SearchPlan>();
        foreach (var alternative in SearchAlternatives.Of(query.Root))
        {
            plan = new SearchPlan(scope);
            Bind(SearchKey.Agent, scope.Agents);
            Bind(SearchKey.Task, scope.Tasks);
            Bind(SearchKey.Source, scope.Sources);
            foreach (var terms in alternative)
            {
                await PlanAsync(terms);
            }

            plans.Add(plan);
        }

        return plans;
    }

    /// <param name="terms">Of several one must hold; what holds, the index knows, or the call's mark.</param>
    private async Task PlanAsync(SearchTerm[] terms)
    {
        switch (terms[0])
        {
            case SearchTerm.Timed timed:
                await PlanAsync(timed);
                break;
            case SearchTerm.Input input:
                Plan(input);
                break;
            case SearchTerm.Keyed { Key.Key: SearchKey.State or SearchKey.Is or SearchKey.Success }:
                plan.Marks.Add((terms[0].IsNegated, MaskOf(terms)));
                break;
            case SearchTerm.Keyed { Key.Key: SearchKey.Window } keyed:
                await PlanWindowsAsync(keyed);
                break;
            case SearchTerm.Keyed keyed when !scope.IsAll && keyed.Values.Any(value => value.IsGlob):
                plan.Patterns.Add(keyed);
                break;
            case SearchTerm.Phrase phrase when terms.Length == 1:
                Plan(phrase);
                break;
            default:
                await PlanWordsAsync(terms);
                break;
        }
    }

    private void Bind(SearchKey key, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            plan.Clauses.Add(new IndexClause(false, [.. names.Select(name => new[] { Marks.Of(key, name) })]));
        }
    }

    private static long MaskOf(SearchTerm[] terms) => terms.Cast<SearchTerm.Keyed>()
        .SelectMany(keyed => keyed.Values, (keyed, value) => keyed.Key.Key switch
        {
            SearchKey.State => CallMarks.OfState(value.Text),
            SearchKey.Is => CallMarks.OfFlag(value.Text),
            _ => CallMarks.OfSuccess(value.Text),
        })
        .Aggregate(0L, (mask, bit) => mask | bit);

    private void Plan(SearchTerm.Phrase phrase)
    {
        var isAsked = phrase.Sequences.Any(words => words.Length > 1);
        plan.Phrases.Add((phrase, isAsked));

        // That the index has the words in a row may come from two texts side by side, so it does not know where a
        // phrase is not.
        if (!phrase.IsNegated || !isAsked)
        {
            plan.Clauses.Add(new IndexClause(phrase.IsNegated, phrase.Sequences));
        }
    }

    private void Plan(SearchTerm.Input input)
    {
        plan.Inputs.Add(input);
        if (input.IsNegated)
        {
            return;
        }

        foreach (var words in input.Path.SelectMany(member => WordSequences.Of(member, isPhrase: true)))
        {
            plan.Clauses.Add(new IndexClause(false, [words]));
        }

        var certain = input.Values.Select(value => value.Sequences).ToList();
        if (certain.Count == 1)
        {
            plan.Clauses.AddRange(certain[0].Select(words => new IndexClause(false, [words])));
        }
        else if (certain.TrueForAll(sequences => sequences.Count > 0))
        {
            var longest = certain.Select(sequences => sequences.MaxBy(words => words.Sum(word => word.Length))!);
            plan.Clauses.Add(new IndexClause(false, [.. longest]));
        }
    }

    private async Task PlanAsync(SearchTerm.Timed timed)
    {
        var ranges = new List<TimeRange>();
        for (var index = 0; index < timed.Values.Count; index++)
        {
            ranges.Add(timed.Ranges[index] is not { } range
                ? SearchPlan.RangeOf(await WindowAsync(timed.Values[index]))
                : timed.Key.Key switch
                {
                    SearchKey.After => new TimeRange(range.From, long.MaxValue),
                    SearchKey.Before => new TimeRange(long.MinValue, range.From),
                    _ => range,
                });
        }

        plan.Times.Add((timed.IsNegated, ranges));
        Narrow(timed.IsNegated, [.. ranges.SelectMany(TimeMarks.Covering)]);
    }

    private async Task PlanWindowsAsync(SearchTerm.Keyed keyed)
    {
        var windows = new List<WindowModel>();
        foreach (var value in keyed.Values)
        {
            windows.Add(await WindowAsync(value));
        }

        plan.Windows.Add((keyed.IsNegated, windows));
        Narrow(keyed.IsNegated, [.. windows.SelectMany(window => TimeMarks.Covering(SearchPlan.RangeOf(window)))]);
    }

    /// <summary>Asks for one of the marks; where there is none to ask for, nothing can be found.</summary>
    private void Narrow(bool isNegated, IReadOnlyList<string[]> marks)
    {
        if (isNegated)
        {
            return;
        }

        plan.FindsNothing |= marks.Count == 0;
        plan.Clauses.Add(new IndexClause(false, marks));
    }

    /// <summary>Asks for names, or for one of several words and names.</summary>
    private async Task PlanWordsAsync(SearchTerm[] terms)
    {
        var any = new List<string[]>();
        foreach (var term in terms)
        {
            any.AddRange(
                term is SearchTerm.Phrase phrase ? phrase.Sequences : await MarksOfAsync((SearchTerm.Keyed)term));
        }

        plan.FindsNothing |= any.Count == 0 && !terms[0].IsNegated;
        if (any.Count > 0)
        {
            plan.Clauses.Add(new IndexClause(terms[0].IsNegated, any));
        }
    }

    private async Task<IReadOnlyList<string[]>> MarksOfAsync(SearchTerm.Keyed keyed)
    {
        var marks = new HashSet<string>();
        foreach (var value in keyed.Values)
        {
            foreach (var key in KeysOf(keyed.Key.Key))
            {
                IReadOnlyList<string> names = value.IsGlob ? await MatchingAsync(key, value) : [value.Text];
                marks.UnionWith(names.Select(name => Marks.Of(key, name)));
            }
        }

        return [.. marks.Select(mark => new[] { mark })];
    }

    /// <summary>Under which keys the index has what a key asks for.</summary>
    public static SearchKey[] KeysOf(SearchKey key) => key == SearchKey.User ? [SearchKey.By, SearchKey.Token] : [key];

    private async Task<IReadOnlyList<string>> MatchingAsync(SearchKey key, SearchValue glob)
    {
        if (matching.TryGetValue((key, glob.Text), out var known))
        {
            return known;
        }

        var name = SearchKeys.Of(key).Name;

        // Only names that begin as the glob does are looked at. No character is greater than the one put behind it.
        var prefix = glob.Text[..glob.Text.AsSpan().IndexOfAny('*', '?')];
        var found = new List<string>();
        var (last, count) = ("", NamesAtOnce);
        while (count == NamesAtOnce)
        {
            object[] values = [(long)key, prefix, last, (long)NamesAtOnce];
            var (end, bounded) = prefix.Length == 0
                ? ("", values)
                : (" AND name < $5", (object[])[.. values, prefix + "\U0010FFFF"]);
            var names = await index.QueryAsync(
                $"SELECT name FROM names WHERE key = $1 AND name >= $2 AND name > $3{end} ORDER BY name LIMIT $4",
                bounded, row => row.Text(0), cancellation);
            found.AddRange(names.Where(glob.Matches));
            lookedThrough += names.Count;
            Require(
                expanded + found.Count <= MostNames,
                $"More than {MostNames} values of {name} match \"{glob.Text}\"; say more of it.", glob);
            Require(
                lookedThrough <= MostLookedThrough,
                $"More than {MostLookedThrough} values of {name} would have to be looked through for "
                    + $"\"{glob.Text}\"; "
                + "begin it with more letters.", glob);
            (last, count) = (names.LastOrDefault() ?? "", names.Count);
        }

        expanded += found.Count;
        return matching[(key, glob.Text)] = found;
    }

    private static void Require(bool condition, string sentence, SearchValue? place)
    {
        if (!condition)
        {
            throw new SearchQueryException(sentence, place!.Offset, place.Length);
        }
    }

    private async Task<WindowModel> WindowAsync(SearchValue value)
    {
        if (named.TryGetValue(value.Text, out var known))
        {
            return known;
        }

        var found = await FindAsync("window_id");
        found = found.Count > 0 ? found : await FindAsync("alias");
        return found switch
        {
            [var window] => named[value.Text] = window,
            [] => throw new SearchQueryException(
                $"There is no window \"{value.Text}\"; accepted are ids and names of windows, and after during: days "
                + "as well (today, tuesday, 2026-11-17) and how long ago (1h, 2d).",
                value.Offset, value.Length),
            _ => throw new SearchQueryException(
                $"\"{value.Text}\" names windows of "
                + $"{string.Join(", ", found.Select(one => $"\"{one.RequestedBy}\""))}; "
                    + $"say which by its id: {string.Join(", ", found.Select(one => one.WindowId))}.",
                value.Offset, value.Length),
        };

        async Task<List<WindowModel>> FindAsync(string column) =>
        [
            .. (await models.FindAsync(ReadTables.Windows, [new KeyColumn(column, [value.Text])], cancellation))
                .Where(window => scope.Sees(window)).Take(MostOfOneName),
        ];
    }
}
