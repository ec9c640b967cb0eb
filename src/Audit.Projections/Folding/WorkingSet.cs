namespace Audit.Projections.Folding;

/// <summary>What a batch works on: the models as they were, and as they become.</summary>
/// <param name="before">
/// The batch before, which may still be being written: what it has is newer than cache and store.
/// </param>
internal sealed class WorkingSet(IReadLead lead, ReadCache cache, WorkingSet? before, CancellationToken cancellation)
{
    private readonly Dictionary<SessionName, SessionModel?> sessions = [];
    private readonly Dictionary<string, CallModel?> calls = [];
    private readonly Dictionary<string, CallModel?> callsBefore = [];
    private readonly Dictionary<string, TaskModel?> tasks = [];
    private readonly HashSet<string> changedTasks = [];
    private readonly Dictionary<long, HourModel?> hours = [];
    private readonly Dictionary<string, TaskWindows> windows = [];
    private WorkingSet? earlier = before;

    /// <summary>The calls that the batch concerns as they were before it, by stream.</summary>
    public IReadOnlyDictionary<string, CallModel?> CallsBefore => callsBefore;

    public IEnumerable<SessionModel> Sessions => sessions.Values.OfType<SessionModel>();

    public IEnumerable<TaskModel> ChangedTasks => changedTasks.Select(id => tasks[id]!);

    /// <summary>
    /// Lets go of the batch before, once nothing more is loaded: else each would hold all that were before it.
    /// </summary>
    public void Loaded() => earlier = null;

    public SessionModel? Session(SessionName name) => sessions[name];

    public CallModel? Call(string stream) => calls[stream];

    public TaskModel? Task(string id) => tasks[id];

    public TaskWindows WindowsOf(string task) => windows[task];

    public IEnumerable<HourModel> Hours => hours.Values.OfType<HourModel>();

    public HourModel? Hour(long number) => hours[number];

    public void Set(HourModel hour) => hours[hour.Hour] = hour;

    public void Set(SessionModel session) => sessions[session.Name] = session;

    public void Set(string stream, CallModel call) => calls[stream] = call;

    public void Set(TaskModel task)
    {
        tasks[task.TaskId] = task;
        changedTasks.Add(task.TaskId);
    }

    public async Task LoadSessionsAsync(IEnumerable<SessionName> names)
    {
        var missing = Missing(
            names, sessions, name => earlier?.sessions.GetValueOrDefault(name) ?? cache.Sessions.Find(name));
        missing.RemoveAll(name => cache.Met?.IsNew(name) == true);
        if (missing.Count > 0)
        {
            var found = await lead.FindAsync(ReadTables.Sessions, [ReadTables.SessionKey(missing)], cancellation);
            found.ForEach(Set);
        }
    }

    public async Task LoadHoursAsync(IEnumerable<long> numbers)
    {
        var missing = Missing(
            numbers, hours, number => earlier?.hours.GetValueOrDefault(number) ?? cache.Hours.Find(number));
        if (missing.Count > 0)
        {
            var found = await lead.FindAsync(ReadTables.Hours, [new KeyColumn("hour", missing)], cancellation);
            found.ForEach(Set);
        }
    }

    /// <summary>Reads tasks with their windows.</summary>
    public async Task LoadTasksAsync(IReadOnlyCollection<string> ids)
    {
        var missing = Missing(ids, tasks, id => earlier?.tasks.GetValueOrDefault(id) ?? cache.Tasks.Find(id));
        if (missing.Count > 0)
        {
            var found = await lead.FindAsync(ReadTables.Tasks, [new KeyColumn("task_id", missing)], cancellation);
            found.ForEach(task => tasks[task.TaskId] = task);
        }

        var windowless = ids.Where(id => !windows.ContainsKey(id)).ToList();
        foreach (var (id, found) in await TaskWindowsReader.ReadAsync(lead, cache, windowless, cancellation))
        {
            windows[id] = found;
        }
    }

    /// <param name="first">The first event of each call in the batch, their sessions being there already.</param>
    public async Task LoadCallsAsync(IEnumerable<EventFacts> first)
    {
        var missing = new List<EventFacts>();
        foreach (var facts in first)
        {
            var known = facts.Sequence == 1
                ? null
                : earlier?.calls.GetValueOrDefault(facts.Stream) ?? cache.Calls.Find(facts.Stream);
            Take(facts.Stream, known);

            // The first event of a stream begins a call, and a session that is new has none.
            if (known is null && facts.Sequence > 1 && sessions[facts.Session] is not null)
            {
                missing.Add(facts);
            }
        }

        if (missing.Count == 0)
        {
            return;
        }

        var sessionIds = missing.Select(facts => sessions[facts.Session]!.Id);
        var callIds = missing.Select(facts => facts.CallId);
        var found = await lead.FindAsync(
            ReadTables.Calls, [new KeyColumn("session", sessionIds), new KeyColumn("call_id", callIds)], cancellation);
        found.ForEach(call => Take(StreamNames.Call(call.SessionName, call.CallId), call));
    }

    private void Take(string stream, CallModel? call) => calls[stream] = callsBefore[stream] = call;

    /// <summary>Those that are neither in the set nor in the cache; the latter are taken from there.</summary>
    private static List<TKey> Missing<TKey, T>(
        IEnumerable<TKey> asked, Dictionary<TKey, T?> known, Func<TKey, T?> cached)
        where TKey : notnull
        where T : class
    {
        var missing = new List<TKey>();
        foreach (var id in asked)
        {
            if (!known.TryAdd(id, null))
            {
                continue;
            }

            known[id] = cached(id);
            if (known[id] is null)
            {
                missing.Add(id);
            }
        }

        return missing;
    }
}
