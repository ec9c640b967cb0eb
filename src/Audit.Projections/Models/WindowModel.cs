namespace Audit.Projections.Models;

/// <summary>A task window: who had access for what, from when until when, and who approved it.</summary>
public sealed record WindowModel
{
    /// <summary>Acts kept with the window; the journal has all of them.</summary>
    public const int MostActs = 100;

    /// <summary>The position of its first event.</summary>
    public required long Id { get; init; }

    public required string WindowId { get; init; }

    public string? Task { get; init; }

    public string? Agent { get; init; }

    /// <summary>The source that asked for it; null where a person did.</summary>
    public string? Source { get; init; }

    public IReadOnlyList<string> Scope { get; init; } = [];

    public string? Reason { get; init; }

    public WindowState State { get; init; }

    public string? RequestedBy { get; init; }

    public Timestamp? RequestedAt { get; init; }

    public string? ApprovedBy { get; init; }

    public Timestamp? ApprovedAt { get; init; }

    public bool SelfGranted { get; init; }

    /// <summary>It opens a time that was past when it was approved.</summary>
    public bool GrantedAfter { get; init; }

    public Timestamp? OpensAt { get; init; }

    public Timestamp? ClosesAt { get; init; }

    /// <summary>When a revocation or a closing ended it before its time.</summary>
    public Timestamp? EndedAt { get; init; }

    public string? EndedBy { get; init; }

    public int Violations { get; init; }

    public IReadOnlyList<WindowAct> Acts { get; init; } = [];

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

    public bool Allows(string tool)
    {
        foreach (var glob in Scope)
        {
            if (Glob.Matches(glob, tool))
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

/// <summary>How a message stands to the windows of its task and agent, from the least to the most grave.</summary>
public enum WindowJudgement : byte
{
    /// <summary>It belongs to no task, so there is nothing to judge it by.</summary>
    NoTask,

    InWindow,

    /// <summary>A window was open, and none that was lets the tool be used.</summary>
    OutOfScope,

    OutsideWindow,
}
