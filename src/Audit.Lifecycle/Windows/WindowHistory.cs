using System.Collections.Immutable;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>
/// Where a task window stands. Open and expired are not states: the clock alone makes them of an approved one.
/// </summary>
public enum WindowState : byte
{
    None,
    Requested,
    Approved,
    Denied,
    Revoked,
    Closed,
}

/// <summary>A task window as its stream has it.</summary>
public sealed record WindowHistory
{
    public static readonly WindowHistory Empty = new();

    public long Sequence { get; init; }

    public WindowState State { get; init; }

    public WindowTerms? Terms { get; init; }

    public string? RequestedBy { get; init; }

    /// <summary>Who is behind the request.</summary>
    public string? RequestedFor { get; init; }

    /// <summary>The source that asked; null where a person did.</summary>
    public string? RequestedSource { get; init; }

    public string? ApprovedBy { get; init; }

    public bool SelfGranted { get; init; }

    /// <inheritdoc cref="WindowEvent.Approved.GrantedAfter"/>
    public bool GrantedAfter { get; init; }

    public Timestamp? OpensAt { get; init; }

    public Timestamp? ClosesAt { get; init; }

    /// <summary>When a revocation or a closing ended it before its time.</summary>
    public Timestamp? EndedAt { get; init; }

    public int Violations { get; init; }

    public int Acceptances { get; init; }

    /// <summary>The first moment at which it is open no more; null when it was never approved.</summary>
    public Timestamp? Until =>
        ApprovedBy is null || ClosesAt is not { } closes ? null
        : EndedAt is { } ended && ended < closes ? ended
        : closes;

    /// <summary>The messages that are written down, by their keyed hash, each with its event.</summary>
    public ImmutableDictionary<Fingerprint, long> Known { get; init; } = ImmutableDictionary<Fingerprint, long>.Empty;

    public bool IsOpenAt(Timestamp time) =>
        OpensAt is { } opens && Until is { } until && time >= opens && time < until;

    public bool IsExpiredAt(Timestamp time) =>
        State == WindowState.Approved && ClosesAt is { } closes && time >= closes;
}
