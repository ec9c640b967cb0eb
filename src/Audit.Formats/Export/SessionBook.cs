namespace Audit.Formats.Export;

/// <summary>
/// One line for each task window, and one for what a session did outside of any: who, which task, from when until when,
/// who approved it, and the commands with their times. A line can be written only when all of it is known, so that
/// everything is held until the end.
/// </summary>
public sealed class SessionBook(string? onlyWindow = null) : IBookWriter
{
    /// <summary>More calls than this are not exported in lines of sessions.</summary>
    public const int MostCalls = 200_000;

    private readonly Dictionary<string, TaskWindow> windows = [];
    private readonly Dictionary<string, SessionEntry> entries = [];
    private readonly List<SessionEntry> byArrival = [];

    public void Begin(IBufferWriter<byte> to)
    {
        // Nothing is known yet.
    }

    /// <exception cref="TooManyCallsException">There are more calls than lines are made of.</exception>
    public void Write(BookEvent row, IBufferWriter<byte> to)
    {
        if (row.WindowId is { } window)
        {
            if (!windows.TryGetValue(window, out var known))
            {
                windows[window] = known = new TaskWindow(window);
            }

            known.Follow(row);
        }
        else if (row.Name == "call.transitioned" && row.SessionId is not null)
        {
            EntryOf(row).Follow(row);
        }
        else if (row.Name == "session.noted" && row.Kind == "ended" && row.SessionId is not null)
        {
            Add(SessionEntry.End(row));
        }
    }

    public void End(IBufferWriter<byte> to)
    {
        var byTime = byArrival.OrderBy(entry => entry.At).ToList();
        GiveEndsTheirPlace(byTime);
        byTime.ForEach(entry => entry.Judged = windows.Values
            .Select(window => (Window: window, Word: window.Judge(entry))).Where(one => one.Word is not null)
            .Select(one => ((TaskWindow, WindowWord)?)(one.Window, one.Word!.Value)).MinBy(one => one!.Value.Item2));
        var inWindows = byTime.ToLookup(entry =>
            entry.Judged is { Word: not WindowWord.Unproven } judged ? judged.Window : null);
        var shown = windows.Values.Where(window => window.WasOpen && (onlyWindow is null || window.Id == onlyWindow));
        foreach (var window in shown)
        {
            WriteLine(to, SessionLine.Of(window, [.. inWindows[window]]));
        }

        foreach (var session in onlyWindow is null ? inWindows[null].GroupBy(entry => entry.Session) : [])
        {
            WriteLine(to, SessionLine.Of(null, [.. session]));
        }
    }

    public void Stop(long after, string why, IBufferWriter<byte> to) => WriteLine(to, $"stopped after {after}: {why}");

    private SessionEntry EntryOf(BookEvent row)
    {
        if (!entries.TryGetValue(row.Stream, out var entry))
        {
            entries[row.Stream] = entry = SessionEntry.Begin(row);
            Add(entry);
        }

        return entry;
    }

    private void Add(SessionEntry entry)
    {
        if (byArrival.Count == MostCalls)
        {
            throw new TooManyCallsException();
        }

        byArrival.Add(entry);
    }

    /// <summary>The end of a session names no task; it belongs to what was done last.</summary>
    private static void GiveEndsTheirPlace(List<SessionEntry> byTime)
    {
        var last = new Dictionary<(string Source, string Id), SessionEntry>();
        foreach (var entry in byTime)
        {
            if (entry.IsEnd && last.TryGetValue(entry.Session, out var before))
            {
                entry.Join(before);
            }

            last[entry.Session] = entry;
        }
    }

    private static void WriteLine(IBufferWriter<byte> to, string line) => Encoding.UTF8.GetBytes(line + "\n", to);
}

/// <summary>There are more calls than an export in lines of sessions holds.</summary>
public sealed class TooManyCallsException() : Exception(
    $"There are more than {SessionBook.MostCalls} calls to export in lines of sessions; narrow it by a session, a "
    + "task, a window or a time, or export ndjson or csv, which have no end.");
