using Audit.Projections.Feeding;
using Audit.Projections.Language;
using Audit.Projections.Queries;

namespace Audit.Projections.Search;

/// <summary>
/// The investigation search: answers queries over all that agents asked and got, and keeps the index that it takes.
/// </summary>
public sealed class SearchIndex : IAsyncDisposable
{
    private const int MostCounted = 1_000;

    /// <summary>Where each event has to be read, fewer are.</summary>
    private const int MostCountedByReading = 300;
    private const int MostNames = 100, MostWithWindows = 300;

    /// <summary>A page that takes longer is given as far as it has come.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(500);

    private readonly IReadStore store;
    private readonly IReadStore models;
    private readonly IIndexReader reader;
    private readonly IJournal journal;
    private readonly ReadSideOptions options;
    private readonly SearchFeed feed;
    private readonly SearchRebuild rebuild;

    private SearchIndex(
        IReadStore store, IIndexReader reader, IReadStore models, IJournal journal, ReadSideOptions options,
        Func<ValueTask<bool>> isBusy)
    {
        this.store = store;
        this.reader = reader;
        this.models = models;
        this.journal = journal;
        this.options = options;
        feed = new SearchFeed(store, reader, journal, options, isBusy);
        rebuild = new SearchRebuild(store, journal, options.Limits);
    }

    public SearchStatus Status => feed.Status;

    /// <summary>Reads a query by this node's clock.</summary>
    /// <exception cref="SearchQueryException">It is none.</exception>
    public SearchQuery Parse(string text) => SearchQuery.Parse(text, options.Clock.GetUtcNow());

    /// <exception cref="SearchQueryException">
    /// It names a window that does not exist, or a glob that matches too much.
    /// </exception>
    /// <exception cref="CursorException">The cursor is none of a search.</exception>
    public Task<SearchAnswer> SearchAsync(
        SearchQuery query, PageRequest page, ReadScope scope, CancellationToken cancellation) =>
        AskAsync(
            query,
            page,
            scope,
            async (run, calls, end) =>
            {
                var found = await run.TakeAsync(page.Limit + 1, Longest, options.Clock);
                var shown = found.Take(page.Limit).ToList();
                var items = await ShowAsync(shown, query, scope, calls, cancellation);
                var next = found.Count > page.Limit ? shown[^1].Position : run.IsAtEnd ? (long?)null : run.Before;
                return new SearchAnswer(
                    items, next is { } before ? scope.WriteCursor(before, run.Top) : null, run.Top,
                    Math.Max(end, run.Top));
            },
            cancellation);

    /// <summary>
    /// What a query finds by an event after one position and not after another, each call once, oldest first; for
    /// whoever asks again and again what is new. What lies before is not looked at, however long the book is.
    /// </summary>
    /// <exception cref="SearchQueryException">
    /// It names a window that does not exist, or a glob that matches too much.
    /// </exception>
    public Task<IReadOnlyList<SearchHit>> FindBetweenAsync(
        SearchQuery query, long after, long through, CancellationToken cancellation) =>
        AskAsync<IReadOnlyList<SearchHit>>(
            query,
            new PageRequest(MostCounted, ReadScope.All.WriteCursor(through + 1, through)),
            ReadScope.All,
            async (run, calls, _) =>
            {
                var found = await run.TakeAsync(int.MaxValue, TimeSpan.MaxValue, options.Clock);
                var hits = await ShowAsync(found, query, ReadScope.All, calls, cancellation);
                hits.Reverse();
                return hits;
            },
            cancellation,
            floor: after + 1);

    /// <summary>Counts the newest of what a query finds.</summary>
    /// <exception cref="SearchQueryException">
    /// It names a window that does not exist, or a glob that matches too much.
    /// </exception>
    public Task<SearchCounts> CountAsync(SearchQuery query, ReadScope scope, CancellationToken cancellation) =>
        AskAsync(
            query,
            PageRequest.First,
            scope,
            async (run, models, _) =>
            {
                var most = run.AsksEvents ? MostCountedByReading : MostCounted;
                var found = await run.TakeAsync(most + 1, Longest, options.Clock);
                var counted = found.Take(most).ToList();
                var calls = await SearchRun.CallsAsync(models, counted, cancellation);
                return new SearchCounts(
                    counted.Count(one => one.Call != 0),
                    counted.Count(one => one.Call == 0),
                    calls.Values.CountBy(call => call.Tool ?? "").ToDictionary(),
                    calls.Values.CountBy(call => Lifecycle.Calls.Words.Of(call.State)).ToDictionary(),
                    found.Count > most || !run.IsAtEnd)
                {
                    Found = [.. calls.Values.Select(call => (scope with { Trace = null }).Of(call))],
                    ByWindow = await WindowsAsync(models, scope, calls.Values, cancellation),
                };
            },
            cancellation);

    /// <summary>In which windows they were, or out of whose scope; of as many as are quickly looked up.</summary>
    private static async Task<IReadOnlyList<(string Window, string Name, int Calls)>> WindowsAsync(
        IReadSession models, ReadScope scope, IEnumerable<CallModel> calls, CancellationToken cancellation)
    {
        var judged = calls.Where(call => call.Judgement != WindowJudgement.NoTask).Take(MostWithWindows);
        var messages = await models.FindAsync(
            ReadTables.Transitions, [new KeyColumn("call", judged.Select(call => call.Id))], cancellation);
        var counts = messages.Where(message => message.Window is not null)
            .Select(message => (message.Call, message.Window)).Distinct().CountBy(one => one.Window!).ToDictionary();
        var windows = await models.FindAsync(
            ReadTables.Windows, [new KeyColumn("window_id", counts.Keys)], cancellation);
        return
        [
            .. windows.Where(scope.Sees).Select(window =>
                (window.WindowId, window.Alias ?? window.WindowId, counts[window.WindowId])),
        ];
    }

    /// <summary>
    /// Values that a key has had and that begin so, for whoever completes a query while it is written.
    /// </summary>
    public Task<IReadOnlyList<string>> NamesAsync(SearchKey key, string prefix, CancellationToken cancellation) =>
        SearchKeys.Of(key).Values is { Count: > 0 } values
            ? Task.FromResult<IReadOnlyList<string>>(
                [.. values.Where(value => value.StartsWith(prefix, StringComparison.Ordinal))])
            : store.ReadAsync<IReadOnlyList<string>>(
                async session =>
                {
                    var found = new List<string>();
                    foreach (var one in SearchPlanner.KeysOf(key))
                    {
                        found.AddRange(await session.QueryAsync(
                            "SELECT name FROM names WHERE key = $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4",
                            [(long)one, prefix, prefix + "\U0010FFFF", (long)MostNames], row => row.Text(0),
                            cancellation));
                    }

                    return [.. found.Distinct().Order(StringComparer.Ordinal).Take(MostNames)];
                },
                cancellation);

    /// <summary>Waits until everything up to a position is searched.</summary>
    /// <exception cref="ReadModelsException">The index has halted before it.</exception>
    public Task WaitForAsync(long position, CancellationToken cancellation) =>
        feed.WaitForAsync(position, cancellation);

    /// <summary>Waits a little for what the journal has by now.</summary>
    public async Task CatchUpAsync(TimeSpan longest, CancellationToken cancellation) =>
        await feed.CatchUpAsync(await journal.LastPositionAsync(cancellation), longest, cancellation);

    /// <summary>Builds the index anew beside the live one, which goes on being searched, and swaps the two.</summary>
    /// <exception cref="ReadModelsException">Somebody is rebuilding it already.</exception>
    public async Task RebuildAsync(
        IProgress<RebuildProgress>? progress, CancellationToken cancellation, bool isUnhurried = false)
    {
        await rebuild.RunAsync(progress, cancellation, isUnhurried);
        feed.Nudge();
        // The names that it knows of the one before may not be in this one.
        feed.BeginAgain();
    }

    internal Task<long?> FindLostAsync(CancellationToken cancellation) =>
        feed.FindLostAsync(journal, cancellation);

    public async ValueTask DisposeAsync()
    {
        await feed.DisposeAsync();
        await store.DisposeAsync();
    }

    /// <param name="isBusy">
    /// Whether what people wait for more than for the index has work to do; the index then gives way.
    /// </param>
    internal static async Task<SearchIndex> OpenAsync(
        IReadStore store, IIndexReader reader, IReadStore models, IJournal journal, ReadSideOptions options,
        Func<ValueTask<bool>> isBusy, CancellationToken cancellation)
    {
        try
        {
            await store.MakeTablesAsync(cancellation);
            return new SearchIndex(store, reader, models, journal, options, isBusy);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    private async Task<T> AskAsync<T>(
        SearchQuery query, PageRequest page, ReadScope scope, Func<SearchRun, IReadSession, long, Task<T>> ask,
        CancellationToken cancellation, long floor = 0)
    {
        var end = await journal.LastPositionAsync(cancellation);
        return await store.ReadAsync(
            index => models.ReadAsync(
                async calls =>
                {
                    var indexed = (await OffsetRow.ReadAsync(index, OffsetRow.Search, cancellation)).Offset.Position;
                    var place = scope.ReadCursor(page.Cursor, 2, indexed + 1, indexed);
                    var plans = await new SearchPlanner(index, calls, scope, cancellation).MakeAsync(query);
                    var ground = new SearchGround(reader, index, calls, journal, cancellation)
                    {
                        Alternatives = plans.Count, Floor = floor,
                    };
                    var run = new SearchRun(plans, ground, place[0], Math.Min(place[1], indexed));
                    return await ask(run, calls, end);
                },
                cancellation),
            cancellation);
    }

    private async Task<List<SearchHit>> ShowAsync(
        List<Candidate> found, SearchQuery query, ReadScope scope, IReadSession models, CancellationToken cancellation)
    {
        var calls = await SearchRun.CallsAsync(models, found, cancellation);
        var (look, facts, hits) = (new ExcerptLook(query), new FactsReader(), new List<SearchHit>());
        foreach (var one in found)
        {
            if (await journal.ReadRowAsync(one.Position, cancellation) is { } row)
            {
                var call = calls.GetValueOrDefault(one.Call);
                var hit = SearchHit.Of(facts.Read(row, out var view), call, look.Of(view));
                if (call is null)
                {
                    scope.Trace?.Add(hit.Position);
                }

                hits.Add(hit with
                {
                    Position = scope.Hide(hit.Position), Call = call is null ? null : scope.Of(call),
                });
            }
        }

        return hits;
    }
}
