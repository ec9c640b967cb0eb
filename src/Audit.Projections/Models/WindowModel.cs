namespace Audit.Projections.Models;

/// <summary>A task window: who had access for what, from when until when, and who approved it.</summary>
public sealed record WindowModel
{
    /// <summary>Acts kept with the window; the journal has all of them.</summary>
    public const int MostActs = 100;

    /// <summary>The position of its first event.</summary>
    public required long Id { get; init; }

    public required string WindowId { get; init; }

    /// <summary>What whoever asked calls it; others may use the same name.</summary>
    public string? Alias { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    /// <summary>The source that asked for it; null where a person did.</summary>
    public string? Source { get; init; }

    public IReadOnlyList<string> Scope { get; init; } = [];

    /// <summary>Globs of the sources whose calls may be in it.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    public string? Reason { get; init; }

    public WindowState State { get; init; }

    /// <summary>The source that asked, or the person where none did.</summary>
    public string? RequestedBy { get; init; }

    public Timestamp? RequestedAt { get; init; }

    /// <summary>For how long it is asked, from its approval on; null where times are asked for.</summary>
    public TimeSpan? Asked { get; init; }

    /// <summary>The times that are asked for, whatever was approved; null where none are.</summary>
    public Timestamp? AskedFrom { get; init; }

    public Timestamp? AskedUntil { get; init; }

    public string? ApprovedBy { get; init; }

    public Timestamp? ApprovedAt { get; init; }

    public bool SelfGranted { get; init; }

    /// <summary>It opens a time that was past when it was approved.</summary>
    public bool GrantedAfter { get; init; }

    /// <summary>Approved or extended by a token that who requested or approved it had made just before.</summary>
    public bool MintedByParty { get; init; }

    public Timestamp? OpensAt { get; init; }

    public Timestamp? ClosesAt { get; init; }

    /// <summary>When a revocation or a closing ended it before its time.</summary>
    public Timestamp? EndedAt { get; init; }

    public string? EndedBy { get; init; }

    public int Violations { get; init; }

    public IReadOnlyList<RefusedAct> Refusals { get; init; } = [];

    public IReadOnlyList<WindowAct> Acts { get; init; } = [];

    /// <summary>What was reported after its end and counts as done in it all the same.</summary>
    public IReadOnlyList<AcceptedSpan> Accepted { get; init; } = [];

    public long LastPosition { get; init; }

    /// <summary>The first moment at which it is open no more; null when it was never approved.</summary>
    [JsonIgnore]
    public Timestamp? Until =>
        ApprovedBy is null || ClosesAt is not { } closes ? null
        : EndedAt is { } ended && ended < closes ? ended
        : closes;

    public bool IsOpenAt(Timestamp time) => OpensAt <= time && time < Until;

    /// <summary>Where it stands, by the clock as well.</summary>
    public string StateAt(Timestamp now) => State switch
    {
        WindowState.Approved when now < OpensAt => "upcoming",
        WindowState.Approved => now < ClosesAt ? "open" : "expired",
        _ => State.ToString().ToLowerInvariant(),
    };

    /// <summary>How a message stands to it that is dated into it, of its agent and with a tool of its scope.</summary>
    internal WindowMatch Judge(in JudgedMessage message)
    {
        var granted = message.At < ApprovedAt ? WindowMarks.GrantedAfter : WindowMarks.None;
        var until = Until!.Value;
        if (message.ReceivedAt < until)
        {
            return new WindowMatch(WindowJudgement.InWindow, WindowId, granted);
        }

        // The date alone is the host's word. That a person decided in time is the node's own.
        var decided = message.DecidedAt >= OpensAt && message.DecidedAt >= ApprovedAt && message.DecidedAt < until;
        var proof = decided ? WindowMarks.DecidedInTime : IsAccepted(message) ? WindowMarks.Accepted : WindowMarks.None;
        var lateBy = (message.ReceivedAt.Ticks - until.Ticks) / TimeSpan.TicksPerMillisecond;
        return proof == WindowMarks.None
            ? new WindowMatch(WindowJudgement.WindowUnproven, WindowId, WindowMarks.None, lateBy)
            : new WindowMatch(WindowJudgement.InWindow, WindowId, granted | proof, lateBy);
    }

    private bool IsAccepted(in JudgedMessage message)
    {
        foreach (var span in Accepted)
        {
            if (span.Covers(message))
            {
                return true;
            }
        }

        return false;
    }

    public bool Allows(string tool) => Matches(Scope, tool);

    public bool IsFor(string source) => Matches(Sources, source);

    private static bool Matches(IReadOnlyList<string> globs, string name)
    {
        foreach (var glob in globs)
        {
            if (Glob.Matches(glob, name))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What somebody did with a window.</summary>
public sealed record WindowAct(long Position, WindowEventKind Kind, WindowVerb Verb, string By, Timestamp At)
{
    public string? OnBehalfOf { get; init; }

    public string? Reason { get; init; }

    /// <summary>The end as it became or was asked for.</summary>
    public Timestamp? ClosesAt { get; init; }

    /// <summary>Of an act that was refused: why.</summary>
    public string? Violation { get; init; }
}

/// <summary>What a person lets count as done in a window: what one session reported of a time.</summary>
/// <param name="Through">The last position of the journal that it covers.</param>
public sealed record AcceptedSpan(
    string Source, string SessionId, Timestamp From, Timestamp Until, long Through, string By, Timestamp At)
{
    internal bool Covers(in JudgedMessage message) =>
        message.Position <= Through && message.At >= From && message.At < Until
        && message.Session == new SessionName(Source, SessionId);
}

/// <summary>What is to be known of a message to judge it by windows.</summary>
/// <param name="At">When it happened, as far as its host is believed.</param>
/// <param name="DecidedAt">When the node took the approval that it goes by; null where there is none.</param>
internal readonly record struct JudgedMessage(
    string? Agent, string? Tool, Timestamp At, Timestamp ReceivedAt, Timestamp? DecidedAt, SessionName Session,
    long Position);

/// <param name="Window">The window that let it be done, or that was open and did not.</param>
/// <param name="LateByMs">How long after the window's end it was received.</param>
internal readonly record struct WindowMatch(
    WindowJudgement Judgement, string? Window, WindowMarks Marks = WindowMarks.None, long LateByMs = 0);

/// <summary>By what else than its date and its arrival a message is in a window.</summary>
[Flags]
public enum WindowMarks : byte
{
    None = 0,

    /// <summary>The window was approved after what it says was done.</summary>
    GrantedAfter = 1,

    /// <summary>It was reported after the window's end, and the node took its approval while it was open.</summary>
    DecidedInTime = 2,

    /// <summary>It was reported after the window's end, and a person accepted it.</summary>
    Accepted = 4,
}

/// <summary>How a message stands to the windows of its task and agent, from the least to the most grave.</summary>
public enum WindowJudgement : byte
{
    /// <summary>It belongs to no task, so there is nothing to judge it by.</summary>
    NoTask,

    InWindow,

    /// <summary>It is dated into a window and was received after its end, so that only its host says so.</summary>
    WindowUnproven,

    /// <summary>A window was open, and none that was lets the tool be used.</summary>
    OutOfScope,

    OutsideWindow,
}
