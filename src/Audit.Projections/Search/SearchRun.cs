using Audit.Projections.Queries;

namespace Audit.Projections.Search;

/// <summary>What a search reads from.</summary>
internal sealed record SearchGround(
    IIndexReader Reader, IReadSession Index, IReadSession Models, IJournal Journal, CancellationToken Cancellation)
{
    /// <summary>Calls that alternatives can be alone, as they were looked up for the first that asked.</summary>
    public Dictionary<string, HashSet<long>?> Noted { get; } = [];

    /// <summary>The alternatives that look up calls share what one may look up.</summary>
    public required int Alternatives { get; init; }

    /// <summary>What lies before this position is not asked for, and costs nothing.</summary>
    public long Floor { get; init; }

    public Task<List<Candidate>> OfCallsAsync(IEnumerable<long> calls, long from, long before) =>
        Reader.OfCallsAsync(Index, calls, from, before, Cancellation);
}

/// <summary>
/// Goes through what the index names from the newest event to older ones and keeps what holds: each call once, at its
/// newest event that matches. Of several alternatives the one that is behind goes on, so that all go through the same
/// stretch of the journal, and none farther than a page needs.
/// </summary>
internal sealed class SearchRun
{
    /// <summary>So many are asked about at once whether they were on earlier pages: a page seldom takes more.</summary>
    private const int AtOnce = 100;

    private readonly IReadOnlyList<SearchBranch> branches;
    private readonly SearchGround ground;
    private readonly long start;
    private readonly HashSet<long> seen = [];

    /// <summary>What holds, and lies before where others have come to.</summary>
    private List<(Candidate One, SearchBranch Branch)> ahead = [];

    /// <param name="plans">One for each alternative.</param>
    /// <param name="start">
    /// Only what lies before this position is new; what lies from here to <paramref name="top"/> was on earlier pages.
    /// </param>
    /// <param name="top">What was indexed when the first page was read.</param>
    public SearchRun(IReadOnlyList<SearchPlan> plans, SearchGround ground, long start, long top)
    {
        this.ground = ground;
        this.start = Math.Min(start, top + 1);
        Top = top;
        branches = [.. plans.Select(plan => new SearchBranch(plan, ground, this.start))];
        AsksEvents = plans.Any(plan => plan.AsksEvents);
    }

    /// <summary>What was indexed when the first page was read.</summary>
    public long Top { get; }

    /// <summary>Everything from here on has been looked at.</summary>
    public long Before => branches.Max(branch => branch.Before);

    public bool IsAtEnd => branches.All(branch => branch.IsAtEnd);

    public bool AsksEvents { get; }

    /// <summary>Collects what holds, until there is as much as asked for, nothing more, or no more time.</summary>
    public async Task<List<Candidate>> TakeAsync(int count, TimeSpan longest, TimeProvider clock)
    {
        var begun = clock.GetTimestamp();
        var taken = new List<Candidate>();
        foreach (var branch in branches)
        {
            await branch.NoteAsync();
        }

        // A step of each alternative at least, or the next page would begin where this one did.
        while (!IsAtEnd && taken.Count < count
            && (Before >= start || clock.GetElapsedTime(begun) < longest))
        {
            var behind = branches.Where(branch => !branch.IsAtEnd).MaxBy(branch => branch.Before)!;
            ahead.AddRange((await behind.NextAsync()).Select(one => (one, behind)));
            var ready = ahead.Where(found => found.One.Position >= Before)
                .OrderByDescending(found => found.One.Position).ToList();
            ahead = ahead.FindAll(found => found.One.Position < Before);
            foreach (var some in ready.Chunk(AtOnce).TakeWhile(_ => taken.Count < count))
            {
                await KeepAsync(some, taken, count);
            }
        }

        return taken;
    }

    public static async Task<Dictionary<long, CallModel>> CallsAsync(
        IReadSession models, IEnumerable<Candidate> found, CancellationToken cancellation)
    {
        var ids = found.Select(one => one.Call).Where(call => call != 0).Distinct();
        var calls = await models.FindAsync(ReadTables.Calls, [new KeyColumn("id", ids)], cancellation);
        return calls.ToDictionary(call => call.Id);
    }

    private async Task KeepAsync(
        IReadOnlyCollection<(Candidate One, SearchBranch Branch)> holding, List<Candidate> taken, int count)
    {
        var earlier = await OnEarlierPagesAsync(holding);
        foreach (var (one, branch) in holding)
        {
            if (taken.Count == count)
            {
                return;
            }

            // A note that two alternatives find is one note.
            var isNew = one.Call == 0
                ? taken.Count == 0 || taken[^1].Position != one.Position
                : !seen.Contains(one.Call) && !earlier.Contains(one.Call);
            if (isNew && await branch.MatchesAsync(one))
            {
                seen.Add(one.Call);
                taken.Add(one);
            }
        }
    }

    /// <summary>Calls whose newest event that matches lies on an earlier page.</summary>
    private async Task<HashSet<long>> OnEarlierPagesAsync(
        IReadOnlyCollection<(Candidate One, SearchBranch Branch)> found)
    {
        var earlier = new HashSet<long>();
        if (start > Top || found.Count == 0)
        {
            return earlier;
        }

        var calls = found.Select(one => one.One.Call).Where(call => call != 0 && !seen.Contains(call)).Distinct();
        var later = await ground.OfCallsAsync(calls, start, Top + 1);
        foreach (var branch in later.Count > 0 ? branches : [])
        {
            foreach (var one in await branch.AmongAsync(later))
            {
                if (!earlier.Contains(one.Call) && await branch.MatchesAsync(one))
                {
                    earlier.Add(one.Call);
                }
            }
        }

        return earlier;
    }
}

/// <summary>
/// One alternative of a query, from the newest event to older ones. It begins with the calls that it can be at all,
/// where the read models know them and they are few.
/// </summary>
internal sealed class SearchBranch(SearchPlan plan, SearchGround ground, long start)
{
    /// <summary>
    /// So many calls are looked up one by one rather than met among all others, and more than so many are not rare, and
    /// will be met.
    /// </summary>
    private const int FewCalls = 2_000, MostNoted = 50_000;

    /// <summary>Where each event has to be read, the clock is looked at more often.</summary>
    private const int FirstStep = 200, LongestStep = 4_000, LongestStepOfReading = 250;

    private readonly EventLook look = new(plan);
    private HashSet<long>? noted;
    private List<Candidate>? few;
    private int step = FirstStep;

    /// <summary>Everything from here on has been looked at; 0 at the end.</summary>
    public long Before { get; private set; } = plan.FindsNothing ? 0 : start;

    public bool IsAtEnd { get; private set; } = plan.FindsNothing;

    /// <summary>Looks up which calls it can be at all, where the read models know and there are not too many.</summary>
    public async Task NoteAsync()
    {
        // In a short stretch they are met sooner than looked up.
        if (IsAtEnd || (ground.Floor > 0 && start - ground.Floor <= LongestStep))
        {
            return;
        }

        var rare = plan.Marks.FirstOrDefault(term => !term.IsNegated && CallMarks.AreNoteworthy(term.Mask));
        if (rare.Mask != 0)
        {
            noted = await CallsAsync("mark IS NOT NULL AND (mark & $1) <> 0", [rare.Mask]);
        }

        var windows = plan.Windows.FirstOrDefault(term => !term.IsNegated).Windows;
        if (noted is null && windows is not null)
        {
            var tasks = windows.Select(window => window.Task).OfType<string>().Distinct().ToList();
            noted = await CallsAsync(
                $"task_id IN ({string.Join(", ", tasks.Select((_, index) => $"${index + 1}"))})", [.. tasks]);
        }

        if (noted?.Count <= FewCalls / ground.Alternatives)
        {
            few = await ground.OfCallsAsync(noted, ground.Floor, start);
        }
    }

    /// <summary>The next that hold, by all that is known without reading events.</summary>
    public async Task<List<Candidate>> NextAsync()
    {
        var found = await HoldingAsync(await NamedAsync());
        step = Math.Min(2 * step, plan.AsksEvents ? LongestStepOfReading : LongestStep);
        return found;
    }

    /// <summary>Those of some events that hold, by all that is known without reading them.</summary>
    public async Task<List<Candidate>> AmongAsync(IReadOnlyList<Candidate> events) =>
        plan.FindsNothing ? [] : await HoldingAsync(await OfIndexAsync(events));

    public async Task<bool> MatchesAsync(Candidate one) =>
        !plan.AsksEvents
        || (await ground.Journal.ReadRowAsync(one.Position, ground.Cancellation) is { } row && look.Holds(row)
            && (plan.Patterns.Count == 0
                || PatternMatch.Holds(plan.Patterns, row, (await CallsAsync([one])).GetValueOrDefault(one.Call))));

    private async Task<List<Candidate>> NamedAsync()
    {
        if (few is null)
        {
            var found = await ground.Reader.NewestAsync(
                ground.Index, plan.Clauses, ground.Floor, Before, step, ground.Cancellation);
            IsAtEnd = found.Count < step;
            Before = IsAtEnd ? 0 : found[^1].Position;
            return found;
        }

        var next = few.Take(step).ToList();
        few.RemoveRange(0, next.Count);
        IsAtEnd = few.Count == 0;
        Before = IsAtEnd ? 0 : next[^1].Position;
        return await OfIndexAsync(next);
    }

    private Task<List<Candidate>> OfIndexAsync(IReadOnlyList<Candidate> events) =>
        ground.Reader.AmongAsync(ground.Index, plan.Clauses, events, ground.Cancellation);

    private async Task<List<Candidate>> HoldingAsync(List<Candidate> found)
    {
        found.RemoveAll(one => !plan.HoldsAt(one.At) || noted?.Contains(one.Call) == false);
        if (found.Count == 0 || !plan.AsksModels)
        {
            return found;
        }

        var calls = await CallsAsync(found);
        return found.FindAll(one => plan.Holds(one, calls.GetValueOrDefault(one.Call)));
    }

    private Task<Dictionary<long, CallModel>> CallsAsync(IEnumerable<Candidate> found) =>
        SearchRun.CallsAsync(ground.Models, found, ground.Cancellation);

    private async Task<HashSet<long>?> CallsAsync(string condition, object[] values)
    {
        var key = string.Join('\0', values.Prepend(condition));
        if (ground.Noted.TryGetValue(key, out var known))
        {
            return known;
        }

        var most = MostNoted / ground.Alternatives;
        var asked = new SqlConditions([.. values, most + 1L]).And(plan.Scope.Conditions());
        var found = await ground.Models.QueryAsync(
            $"SELECT id FROM calls WHERE {condition}{asked.Sql} LIMIT ${values.Length + 1}", asked.Values,
            row => row.Number(0), ground.Cancellation);
        return ground.Noted[key] = found.Count > most ? null : [.. found];
    }
}
