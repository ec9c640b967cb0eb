namespace Audit.Projections.Folding;

/// <summary>
/// Models that were committed of late, so that a live call is not read back with each of its messages.
/// </summary>
internal sealed class ReadCache
{
    public Generations<SessionName, SessionModel> Sessions { get; } = new(4_000);

    /// <summary>By stream.</summary>
    public Generations<string, CallModel> Calls { get; } = new(20_000);

    public Generations<string, TaskModel> Tasks { get; } = new(4_000);

    public Generations<long, HourModel> Hours { get; } = new(1_000);

    /// <summary>The windows of tasks, none included.</summary>
    public Generations<string, TaskWindows> Windows { get; } = new(4_000);

    /// <summary>Only of a store that is being filled from the beginning.</summary>
    public SessionsMet? Met { get; init; }

    /// <summary>The seconds of the last moments, ascending; null until they are read.</summary>
    public IReadOnlyList<long>? Seconds { get; set; }

    /// <summary>The last pause or stop; null until it is read, or while there is none.</summary>
    public PauseModel? LastPause { get; set; }

    /// <summary>Where copies of the book were given; null until it is read.</summary>
    public Positions? Copies { get; set; }

    public void Clear()
    {
        Sessions.Clear();
        Calls.Clear();
        Tasks.Clear();
        Windows.Clear();
        Hours.Clear();
        Seconds = null;
        LastPause = null;
        Copies = null;
    }
}

/// <summary>
/// Knows of a store that is being filled from the journal's beginning which sessions are certainly not in it, so that
/// nobody has to look. Of each it keeps a hash: two that share one cost a look, and no more.
/// </summary>
internal sealed class SessionsMet
{
    /// <summary>Beyond so many, those that come are looked for again.</summary>
    private const int Most = 1_000_000;

    private readonly HashSet<int> hashes = [];

    public bool IsNew(SessionName session) => hashes.Count < Most && hashes.Add(session.GetHashCode());
}
