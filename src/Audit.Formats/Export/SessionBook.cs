namespace Audit.Formats.Export;

/// <summary>
/// One line for each task window, and one for what a session did outside of any: who, which task, from when until when,
/// who approved it, and the commands with their times. A line can be written only when all of it is known, so that what
/// there is to tell is held until the end.
/// </summary>
public sealed class SessionBook(string? onlyWindow = null) : IBookWriter
{
    /// <summary>More calls than this are not told in lines of sessions.</summary>
    public const int MostCalls = 200_000;

    private readonly Dictionary<string, TaskWindow> windows = [];
    private readonly Dictionary<string, Deed> deeds = [];
    private readonly List<Deed> deedsByArrival = [];

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
            DeedOf(row).Follow(row);
        }
        else if (row.Name == "session.noted" && row.Kind == "ended" && row.SessionId is not null)
        {
            Add(Deed.End(row));
        }
    }

    public void End(IBufferWriter<byte> to)
    {
        var byTime = deedsByArrival.OrderBy(deed => deed.At).ToList();
        GiveEndsTheirPlace(byTime);
        var inWindows = byTime.ToLookup(deed => windows.Values.FirstOrDefault(window => window.Holds(deed)));
        var shown = windows.Values.Where(window => window.WasOpen && (onlyWindow is null || window.Id == onlyWindow));
        foreach (var window in shown)
        {
            WriteLine(to, SessionLine.Of(window, [.. inWindows[window]]));
        }

        foreach (var session in onlyWindow is null ? inWindows[null].GroupBy(deed => deed.Session) : [])
        {
            WriteLine(to, SessionLine.Of(null, [.. session]));
        }
    }

    private Deed DeedOf(BookEvent row)
    {
        if (!deeds.TryGetValue(row.Stream, out var deed))
        {
            deeds[row.Stream] = deed = Deed.Begin(row);
            Add(deed);
        }

        return deed;
    }

    private void Add(Deed deed)
    {
        if (deedsByArrival.Count == MostCalls)
        {
            throw new TooManyCallsException();
        }

        deedsByArrival.Add(deed);
    }

    /// <summary>The end of a session names no task; it belongs to what was done last.</summary>
    private static void GiveEndsTheirPlace(List<Deed> byTime)
    {
        var last = new Dictionary<string, Deed>();
        foreach (var deed in byTime)
        {
            if (deed.IsEnd && last.TryGetValue(deed.Session, out var before))
            {
                deed.Join(before);
            }

            last[deed.Session] = deed;
        }
    }

    private static void WriteLine(IBufferWriter<byte> to, string line) => Encoding.UTF8.GetBytes(line + "\n", to);
}

/// <summary>There is more to tell than an export in lines of sessions holds.</summary>
public sealed class TooManyCallsException() : Exception(
    $"There are more than {SessionBook.MostCalls} calls to tell in lines of sessions; narrow it by a session, a task, "
    + "a window or a time, or export ndjson or csv, which have no end.");
