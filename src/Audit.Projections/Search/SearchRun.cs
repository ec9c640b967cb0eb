using System.Diagnostics;
using Audit.Projections.Queries;

namespace Audit.Projections.Search;

/// <summary>
/// Goes through what the index names from the newest event to older ones and keeps what holds: each call once, at its
/// newest event that matches. It begins with the calls that it can be at all, where the read models know them and they
/// are few.
/// </summary>
internal sealed class SearchRun
{
    /// <summary>
    /// So many calls are looked up one by one rather than met among all others, and more than so many are not rare, and
    /// will be met.
    /// </summary>
    private const int FewCalls = 2_000, MostNoted = 50_000;

    /// <summary>Where each event has to be read, the clock is looked at more often.</summary>
    private const int FirstStep = 200, LongestStep = 4_000, LongestStepOfReading = 250;

    private readonly SearchPlan plan;
    private readonly IIndexReader reader;
    private readonly IReadSession index;
    private readonly IReadSession models;
    private readonly IJournal journal;
    private readonly EventLook look;
    private readonly long start;
    private readonly CancellationToken cancellation;
    private readonly HashSet<long> seen = [];
    private HashSet<long>? noted;
    private List<Candidate>? few;
    private int step = FirstStep;

    /// <param name="start">
    /// Only what lies before this position is new; what lies from here to <paramref name="top"/> was on earlier pages.
    /// </param>
    /// <param name="top">What was indexed when the first page was read.</param>
    public SearchRun(
        SearchPlan plan, IIndexReader reader, IReadSession index, IReadSession models, IJournal journal, long start,
        long top,
        CancellationToken cancellation)
    {
        this.plan = plan;
        this.reader = reader;
        this.index = index;
        this.models = models;
        this.journal = journal;
        this.start = Math.Min(start, top + 1);
        Top = top;
        this.cancellation = cancellation;
        look = new EventLook(plan);
        Before = this.start;
        IsAtEnd = plan.FindsNothing;
    }

    /// <summary>What was indexed when the first page was read.</summary>
    public long Top { get; }

    /// <summary>Everything from here on has been looked at.</summary>
    public long Before { get; private set; }

    public bool IsAtEnd { get; private set; }

    /// <summary>Collects what holds, until there is as much as asked for, nothing more, or no more time.</summary>
    public async Task<List<Candidate>> TakeAsync(int count, TimeSpan longest)
    {
        var clock = Stopwatch.StartNew();
        var taken = new List<Candidate>();
        await NoteAsync();
        while (!IsAtEnd && taken.Count < count && clock.Elapsed < longest)
        {
            var found = await NextAsync();
            await KeepAsync(found, taken, count);
            step = Math.Min(2 * step, plan.AsksEvents ? LongestStepOfReading : LongestStep);
        }

        return taken;
    }

    /// <summary>Looks up which calls it can be at all, where the read models know and there are not too many.</summary>
    private async Task NoteAsync()
    {
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

        if (noted?.Count <= FewCalls)
        {
            few = await reader.OfCallsAsync(index, noted, 0, start, cancellation);
        }
    }

    private async Task<HashSet<long>?> CallsAsync(string condition, object[] values)
    {
        var asked = new SqlConditions([.. values, MostNoted + 1L]).And(plan.Scope.Conditions());
        var found = await models.QueryAsync(
            $"SELECT id FROM calls WHERE {condition}{asked.Sql} LIMIT ${values.Length + 1}", asked.Values,
            row => row.Number(0), cancellation);
        return found.Count > MostNoted ? null : [.. found];
    }

    private async Task<List<Candidate>> NextAsync()
    {
        if (few is null)
        {
            var found = await reader.NewestAsync(index, plan.Clauses, Before, step, cancellation);
            IsAtEnd = found.Count < step;
            Before = IsAtEnd ? 0 : found[^1].Position;
            return found;
        }

        var next = few.Take(step).ToList();
        few.RemoveRange(0, next.Count);
        IsAtEnd = few.Count == 0;
        Before = IsAtEnd ? 0 : next[^1].Position;
        return await reader.AmongAsync(index, plan.Clauses, next, cancellation);
    }

    private async Task KeepAsync(List<Candidate> found, List<Candidate> taken, int count)
    {
        var holding = await HoldingAsync(found);
        var earlier = await OnEarlierPagesAsync(holding);
        foreach (var one in holding)
        {
            if (taken.Count == count)
            {
                return;
            }

            if ((one.Call == 0 || (!seen.Contains(one.Call) && !earlier.Contains(one.Call)))
                && await MatchesAsync(one))
            {
                seen.Add(one.Call);
                taken.Add(one);
            }
        }
    }

    /// <summary>What holds by all that is known without reading events.</summary>
    private async Task<List<Candidate>> HoldingAsync(List<Candidate> found)
    {
        found.RemoveAll(one => !plan.HoldsAt(one.At) || noted?.Contains(one.Call) == false);
        if (found.Count == 0 || !plan.AsksModels)
        {
            return found;
        }

        var calls = await CallsAsync(models, found, cancellation);
        return found.FindAll(one => plan.Holds(one, calls.GetValueOrDefault(one.Call)));
    }

    /// <summary>Calls whose newest event that matches lies on an earlier page.</summary>
    private async Task<HashSet<long>> OnEarlierPagesAsync(List<Candidate> found)
    {
        var earlier = new HashSet<long>();
        if (start > Top || found.Count == 0)
        {
            return earlier;
        }

        var calls = found.Select(one => one.Call).Where(call => call != 0).Distinct();
        var later = await reader.OfCallsAsync(index, calls, start, Top + 1, cancellation);
        if (later.Count > 0)
        {
            foreach (var one in await HoldingAsync(await reader.AmongAsync(index, plan.Clauses, later, cancellation)))
            {
                if (!earlier.Contains(one.Call) && await MatchesAsync(one))
                {
                    earlier.Add(one.Call);
                }
            }
        }

        return earlier;
    }

    private async Task<bool> MatchesAsync(Candidate one) =>
        !plan.AsksEvents
        || (await journal.ReadRowAsync(one.Position, cancellation) is { } row && look.Holds(row)
            && (plan.Patterns.Count == 0 || PatternMatch.Holds(
                plan.Patterns, row, (await CallsAsync(models, [one], cancellation)).GetValueOrDefault(one.Call))));

    public static async Task<Dictionary<long, CallModel>> CallsAsync(
        IReadSession models, IEnumerable<Candidate> found, CancellationToken cancellation)
    {
        var ids = found.Select(one => one.Call).Where(call => call != 0).Distinct();
        var calls = await models.FindAsync(ReadTables.Calls, [new KeyColumn("id", ids)], cancellation);
        return calls.ToDictionary(call => call.Id);
    }
}
