namespace Audit.Formats.Export;

/// <summary>A task window as its events describe it.</summary>
internal sealed class TaskWindow(string id)
{
    private readonly List<((string Source, string Id) Session, Timestamp From, Timestamp Until, long Through)>
        accepted = [];
    private IReadOnlyList<string> sources = [], scope = [];
    private Timestamp? approved, ended;

    public string Id => id;

    public string? Task { get; private set; }

    public string? Agent { get; private set; }

    public Timestamp? Opens { get; private set; }

    public Timestamp? Closes { get; private set; }

    public string? ApprovedBy { get; private set; }

    public bool WasOpen => Opens is not null && ApprovedBy is not null;

    /// <summary>Its end, whether by the clock or before it.</summary>
    public Timestamp? End => ended is { } early && (Closes is not { } closes || early < closes) ? early : Closes;

    public void Follow(BookEvent row)
    {
        Task ??= row.TaskId;
        Agent ??= row.Agent;
        switch (row.Name)
        {
            case "window.requested":
                (sources, scope) = (row.WindowSources, row.WindowScope);
                break;
            case "window.approved":
                approved = TimeOf(row.ReceivedAt);
                Opens = TimeOf(row.OpensAt) ?? approved;
                Closes = TimeOf(row.ClosesAt);
                ApprovedBy = row.OnBehalfOf is { } person ? $"{row.Token} for {person}" : row.Token;
                break;
            case "window.extended":
                Closes = TimeOf(row.ClosesAt) ?? Closes;
                break;
            case "window.revoked" or "window.closed":
                ended = TimeOf(row.ReceivedAt);
                break;
            case "window.accepted" when row.Accepted is { } span:
                accepted.Add(span with { Through = Math.Min(span.Through, row.Position - 1) });
                break;
        }
    }

    /// <summary>As the window judges it; null where it is another's, or at another time.</summary>
    public WindowWord? Judge(SessionEntry entry) =>
        !IsDatedInto(entry) ? null
        : entry.IsEnd ? WindowWord.In
        : !scope.Any(glob => Glob.Matches(glob, entry.Tool ?? "")) ? WindowWord.OutOfScope
        : !(entry.Received >= End) ? entry.At < approved ? WindowWord.GrantedAfter : WindowWord.In
        : entry.DecidedAt >= Opens && entry.DecidedAt >= approved && entry.DecidedAt < End ? WindowWord.DecidedInTime
        : IsAccepted(entry) ? WindowWord.Accepted
        : WindowWord.Unproven;

    private bool IsAccepted(SessionEntry entry) => accepted.Exists(span =>
        span.Session == entry.Session && entry.At >= span.From && entry.At < span.Until
        && entry.Position <= span.Through);

    // What was received before it opened was not done in it.
    private bool IsDatedInto(SessionEntry entry) =>
        WasOpen && (sources.Count == 0 || sources.Any(glob => Glob.Matches(glob, entry.Session.Source)))
        && entry.Task == Task && entry.Agent == Agent && entry.At >= Opens && (entry.IsEnd || entry.Received >= Opens)
        && (End is not { } end || entry.At < end || entry.IsEnd);

    private static Timestamp? TimeOf(string? text) =>
        text is not null && Rfc3339.TryParse(text, out var time) ? time : null;
}

/// <summary>How a call stands to a window into which it is dated, as the read models say it; the best first.</summary>
internal enum WindowWord
{
    In,
    GrantedAfter,
    DecidedInTime,
    Accepted,
    OutOfScope,
    Unproven,
}
