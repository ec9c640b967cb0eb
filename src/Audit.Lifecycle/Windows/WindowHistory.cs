using System.Collections.Immutable;
using Audit.Lifecycle.Calls;
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
public sealed record WindowHistory : IReviewable
{
    public static readonly WindowHistory Empty = new();

    public long Sequence { get; init; }

    public WindowState State { get; init; }

    public WindowTerms? Terms { get; init; }

    /// <summary>The source that asked, or the person where none did.</summary>
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

    public bool MintedByParty { get; init; }

    public int Violations { get; init; }

    /// <summary>The refused acts, the newest first.</summary>
    public RefusedLink? Refused { get; init; }

    /// <summary>The refused acts that somebody reviewed.</summary>
    public RulingLink? Rulings { get; init; }

    public int Acceptances { get; init; }

    /// <summary>The first moment at which it is open no more; null when it was never approved.</summary>
    public Timestamp? Until =>
        ApprovedBy is null || ClosesAt is not { } closes ? null
        : EndedAt is { } ended && ended < closes ? ended
        : closes;

    /// <summary>The messages that are written down, by their keyed hash, each with its event.</summary>
    public ImmutableDictionary<Fingerprint, long> Known { get; init; } = ImmutableDictionary<Fingerprint, long>.Empty;

    /// <summary>Whether who acts is who asked: a token of the source, or the person where none asked.</summary>
    public bool IsRequestedBy(WindowMessage message) => message.Delivery.Source is { } source
        ? RequestedSource == source
        : RequestedSource is null && RequestedFor == message.Behind;

    /// <summary>Whether who acts may not say yes: he asked for it, or it is for a source of his.</summary>
    public bool IsOwnOf(WindowMessage message) =>
        message.Delivery.OfParty || RequestedFor == message.Behind || IsRequestedBy(message);

    string IReviewable.Noun => "window";

    /// <summary>What a window refused stays refused.</summary>
    public ViolationCause? VerdictOn(long sequence) =>
        RefusedLink.Find(Refused, sequence) is null ? null : ViolationCause.NotAllowed;

    /// <summary>Nobody reviews what he did, and nobody who asked for the window.</summary>
    public bool IsOwnOf(Review review) =>
        review.OfParty || RequestedFor == review.Behind
        || review.Verdicts.Any(seen => RefusedLink.Find(Refused, seen.Sequence)?.Behind == review.Behind);

    public bool IsOpenAt(Timestamp time) =>
        OpensAt is { } opens && Until is { } until && time >= opens && time < until;

    public bool IsExpiredAt(Timestamp time) =>
        State == WindowState.Approved && ClosesAt is { } closes && time >= closes;
}

/// <summary>An act that the law refused.</summary>
/// <param name="Behind">The person, or the token of a service.</param>
/// <param name="Source">As which the token reported; null for a person's.</param>
public sealed record RefusedLink(long Sequence, string Behind, string? Source, RefusedLink? Earlier)
{
    public static RefusedLink? Find(RefusedLink? newest, long sequence)
    {
        var link = newest;
        while (link is not null && link.Sequence != sequence)
        {
            link = link.Earlier;
        }

        return link;
    }

    /// <summary>How many of them one source or person did.</summary>
    public static int CountOf(RefusedLink? newest, WindowMessage message)
    {
        var count = 0;
        for (var link = newest; link is not null; link = link.Earlier)
        {
            count += (link.Source ?? link.Behind) == message.Requester ? 1 : 0;
        }

        return count;
    }
}
