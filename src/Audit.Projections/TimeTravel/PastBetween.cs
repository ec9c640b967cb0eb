using Audit.Projections.Folding;
using Audit.Projections.Queries;

namespace Audit.Projections.TimeTravel;

/// <summary>What is not as it was between two positions, of a session or of a task.</summary>
/// <param name="Calls">Those of which something was written, or of whose task a window changed, oldest first.</param>
/// <param name="Windows">All of the tasks that are concerned, oldest first.</param>
/// <param name="Before">What notes say of the session at the first position; null where nothing does.</param>
public sealed record PastBetween(
    IReadOnlyList<CallBetween> Calls, IReadOnlyList<WindowBetween> Windows, SessionModel? Before, SessionModel? After)
{
    /// <summary>The positions that were compared, where the read models had not come as far as was asked.</summary>
    public (long From, long Until) Compared { get; init; }
}

/// <param name="Before">Null where it had not begun.</param>
/// <param name="Messages">What was written between the two, as it is judged at the second.</param>
/// <param name="Violations">Those of these messages, and those that were lifted by them.</param>
public sealed record CallBetween(
    CallModel? Before, CallModel After, IReadOnlyList<TransitionModel> Messages,
    IReadOnlyList<ViolationModel> Violations);

/// <param name="Before">Null where nobody had asked for it.</param>
public sealed record WindowBetween(WindowModel? Before, WindowModel After);

/// <summary>
/// Folds twice what may have changed between two positions, each time by the law and the windows of then; what nobody
/// wrote of is not looked at.
/// </summary>
internal sealed class PastComparison(
    IReadSession reader, IJournal journal, IReadOnlySet<long> skipped, ReadScope scope, long from, long until)
{
    private readonly PastReader then = new(journal, skipped, from), now = new(journal, skipped, until);
    private readonly HashSet<string> changedTasks = [];

    /// <returns>Null where there was nothing yet at the second position that may be seen.</returns>
    public async Task<PastBetween?> OfSessionAsync(SessionName session, CancellationToken cancellation)
    {
        var known = await reader.FindAsync(ReadTables.Sessions, [ReadTables.SessionKey(session)], cancellation);
        var calls = await CallsAsync("session = $1", known.SingleOrDefault()?.Id ?? 0, cancellation);
        var agents = calls.Select(call => call.Agent).ToHashSet();
        var windows = await WindowsAsync(
            calls.SelectMany(call => new[] { call.Task, call.NamedTask }).OfType<string>().Distinct(), cancellation);
        var notes = scope.IsAll ? await now.StreamAsync(StreamNames.Session(session), cancellation) : [];
        var before = notes.Where(note => note.Position <= from).Aggregate((SessionModel?)null, SessionFold.Add);
        var after = notes.Aggregate((SessionModel?)null, SessionFold.Add);
        return calls.Count == 0 && after is null ? null : new PastBetween(
            await CompareAsync(calls, cancellation), [.. windows.Where(window => agents.Contains(window.After.Agent))],
            before, after);
    }

    /// <inheritdoc cref="OfSessionAsync"/>
    public async Task<PastBetween?> OfTaskAsync(string task, CancellationToken cancellation)
    {
        var calls = await CallsAsync(
            "id IN (SELECT call FROM transitions WHERE task_id = $1 UNION SELECT call FROM named WHERE task_id = $1)",
            task, cancellation);
        var windows = await WindowsAsync([task], cancellation);
        var compared = await CompareAsync(calls, cancellation);
        return calls.Count == 0 && windows.Count == 0 ? null : new PastBetween(
            [.. compared.Where(one => one.After.Task == task || one.Before?.Task == task)], windows, null, null);
    }

    private async Task<List<CallModel>> CallsAsync(string condition, object of, CancellationToken cancellation)
    {
        var asked = new SqlConditions(of, until, (long)PastReader.MostEvents + 1).And(scope.Conditions());
        var calls = await reader.QueryAsync(
            $"SELECT {ReadTables.Calls.Selected()} FROM calls WHERE id <= $2 AND {condition}{asked.Sql} "
            + "ORDER BY id LIMIT $3",
            asked.Values, row => ReadTables.Calls.Of(row), cancellation);
        return calls.Count <= PastReader.MostEvents ? calls : throw new TooMuchException(PastReader.MostEvents);
    }

    private async Task<IReadOnlyList<WindowBetween>> WindowsAsync(
        IEnumerable<string> tasks, CancellationToken cancellation)
    {
        var found = new List<WindowBetween>();
        foreach (var task in tasks)
        {
            var known = (await then.WindowsOfAsync(reader, task, cancellation)).ToDictionary(one => one.WindowId);
            foreach (var after in await now.WindowsOfAsync(reader, task, cancellation))
            {
                if (after.LastPosition > from)
                {
                    changedTasks.Add(task);
                }

                if (scope.Sees(after))
                {
                    var before = known.GetValueOrDefault(after.WindowId);
                    found.Add(new WindowBetween(before is null ? null : scope.Of(before), scope.Of(after)));
                }
            }
        }

        found.Reverse();
        return found;
    }

    private async Task<IReadOnlyList<CallBetween>> CompareAsync(
        IEnumerable<CallModel> calls, CancellationToken cancellation)
    {
        var found = new List<CallBetween>();
        foreach (var call in calls.Where(MayDiffer))
        {
            var stream = await now.CallAsync(call.SessionName, call.CallId, cancellation);
            var known = stream.FindAll(entry => entry.Facts.Position <= from);
            if (await now.RefoldAsync(reader, call.Session, stream, cancellation) is { } after
                && scope.Sees(after.Call))
            {
                var before = await then.RefoldAsync(reader, call.Session, known, cancellation);
                found.Add(new CallBetween(
                    before is null || !scope.Sees(before.Call) ? null : scope.Of(before.Call), scope.Of(after.Call),
                    [.. after.Transitions.Where(one => IsNew(one.Position) && IsSeen(one.Agent)).Select(scope.Of)],
                    [
                        .. after.Violations.Where(one => (IsNew(one.Position) || IsNew(one.LiftedBy))
                            && scope.Sees(one.Agent, one.Task, one.Source)).Select(scope.Of),
                    ]));
            }
        }

        return found;
    }

    /// <summary>What is judged by windows is judged anew where one changed, and nothing is written of that.</summary>
    private bool MayDiffer(CallModel call) => IsNew(call.LastPosition)
        || changedTasks.Contains(call.Task ?? "") || changedTasks.Contains(call.NamedTask ?? "");

    private bool IsNew(long? position) => position > from;

    private bool IsSeen(string? agent) => agent is null || scope.SeesAgent(agent);
}
