namespace Audit.Projections.Tests.Search;

/// <summary>The search without an index: every event is read, and asked everything, with the same tokenizer.</summary>
internal sealed class NaiveSearch
{
    private readonly List<(JournalRow Row, EventFacts Facts, IndexedCall? Call, CallModel? Model)> events = [];
    private readonly Dictionary<string, WindowModel> windows = [];
    private readonly Dictionary<string, bool[]> answers = [];

    private NaiveSearch() { }

    public static async Task<NaiveSearch> OfAsync(IJournal journal, ReadModels models)
    {
        var (search, reader, calls) = (new NaiveSearch(), new FactsReader(), new Dictionary<string, IndexedCall>());
        foreach (var row in await journal.ReadAfterAsync(0, 100_000, long.MaxValue, default))
        {
            var facts = reader.Read(row);
            if (facts.Kind == EventKind.Noted)
            {
                search.events.Add((row, facts, null, null));
            }
            else if (facts.Kind == EventKind.Received)
            {
                var call = calls.GetValueOrDefault(facts.Stream) ?? new IndexedCall(row.Position, default, null, null, null);
                calls[facts.Stream] = call.Follow(facts);
                var model = (await models.CallAsync(facts.Session, facts.CallId, default))!.Call;
                search.events.Add((row, facts, calls[facts.Stream], model));
            }
        }

        foreach (var window in (await models.WindowsAsync(new WindowFilter(), ReadSideContract.FirstPage, default)).Items)
        {
            search.windows.Add(window.WindowId, window);
        }

        return search;
    }

    /// <returns>The newest event that matches of each call, and every note that does, newest first.</returns>
    public long[] Find(SearchQuery query) => Find(query, ReadScope.All);

    /// <summary>The same of what somebody may see: messages that name the agent, of calls that are the agent's.</summary>
    public long[] Find(SearchQuery query, ReadScope scope)
    {
        var seen = EventsOf(scope).ToHashSet();
        return
        [
            .. events.Where((one, index) => seen.Contains(one.Row.Position) && Holds(query.Root, index))
                .GroupBy(one => one.Call is null ? $"note {one.Row.Position}" : one.Facts.Stream, one => one.Row.Position)
                .Select(call => call.Max())
                .OrderDescending(),
        ];
    }

    public IEnumerable<long> EventsOf(ReadScope scope) => events
        .Where(one => scope.IsAll || (one.Call is not null && scope.SeesAgent(one.Model?.Agent)
            && (scope.SeesAgent(one.Facts.Agent) || scope.SeesAgent(one.Call.Identity.Agent))))
        .Select(one => one.Row.Position);

    private bool Holds(SearchNode node, int index) => node switch
    {
        SearchNode.All all => all.Parts.All(part => Holds(part, index)),
        SearchNode.Any any => any.Parts.Any(part => Holds(part, index)),
        _ => AnswersTo((SearchTerm)node)[index] != ((SearchTerm)node).IsNegated,
    };

    /// <summary>For each event whether the term holds, whether or not it is negated: asked once, for few terms are in many queries.</summary>
    private bool[] AnswersTo(SearchTerm term)
    {
        var name = new SearchQuery("", term with { IsNegated = false }).ToString();
        if (!answers.TryGetValue(name, out var known))
        {
            answers[name] = known = [.. events.Select(one => Holds(term, one.Row, one.Facts, one.Call, one.Model))];
        }

        return known;
    }

    private bool Holds(SearchTerm term, JournalRow row, EventFacts facts, IndexedCall? call, CallModel? model)
    {
        switch (term)
        {
            case SearchTerm.Phrase phrase:
                var finder = new TextFinder([phrase.Sequences]);
                new EventTexts().Read(EventView.Read(row.Message), finder);
                return finder.Found[0];
            case SearchTerm.Input input:
                return InputMatch.Holds(input with { IsNegated = false }, EventView.Read(row.Message));
            case SearchTerm.Timed timed:
                var at = Instants.ToNumber(facts.At);
                return timed.Key.Key switch
                {
                    SearchKey.After => at >= timed.Ranges[0]!.Value.From,
                    SearchKey.Before => at < timed.Ranges[0]!.Value.From,
                    _ => timed.Ranges.Any(range => range!.Value.Holds(at)),
                };
            case SearchTerm.Keyed { Key.Key: SearchKey.Window } keyed:
                return keyed.Values.Select(value => windows[value.Text]).Any(window =>
                    model is not null && model.Task == window.Task && model.Agent == window.Agent && window.IsOpenAt(facts.At));
            case SearchTerm.Keyed keyed:
                return keyed.Values.Any(value => ValuesOf(keyed.Key.Key, facts, call, model).Any(value.Matches));
            default:
                throw new ArgumentOutOfRangeException(nameof(term));
        }
    }

    private static IEnumerable<string?> ValuesOf(SearchKey key, EventFacts facts, IndexedCall? call, CallModel? model) => key switch
    {
        SearchKey.Session => [facts.SessionId],
        SearchKey.Source => [facts.Source],
        SearchKey.Token => [facts.Token],
        SearchKey.Task => [facts.Task, call?.Identity.Task],
        SearchKey.Agent => [facts.Agent, call?.Identity.Agent],
        SearchKey.Tool => [facts.Tool, call?.Identity.Tool],
        SearchKey.Provider => [call?.Provider],
        SearchKey.Model => [call?.Model],
        SearchKey.By => [call?.By],
        SearchKey.Would => [call?.Policy?.Would],
        SearchKey.Rule => [call?.Policy?.Rule, call?.Policy?.WouldRule],
        SearchKey.Outcome => [call is null || facts.Oversized ? null : Lifecycle.Calls.Words.Of(facts.Message)],
        SearchKey.User => [call?.By, facts.Token],
        SearchKey.Success => [model?.Success switch { true => "true", false => "false", null => null }],
        SearchKey.State => [model is null ? null : Lifecycle.Calls.Words.Of(model.State)],
        _ =>
        [
            model?.Violations > 0 ? "violation" : null,
            model is not null && model.Anomalies != Lifecycle.Calls.Anomalies.None ? "anomaly" : null,
            model?.IsOpen == true ? "open" : null,
            model?.IsWaiting == true ? "waiting" : null,
            model?.Judged.OutsideWindow > 0 ? "outside-window" : null,
            model?.IsFailed == true ? "failed" : null,
            model?.Judged.OutOfScope > 0 ? "out-of-scope" : null,
        ],
    };
}
