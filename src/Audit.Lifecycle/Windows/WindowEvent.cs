using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>The events of windows, by the names that are written.</summary>
public enum WindowEventKind : byte
{
    Requested,
    Approved,
    Denied,
    Extended,
    Revoked,
    Closed,
    Violated,
    Accepted,
    Reviewed,
}

/// <summary>What can be written in the stream of a task window.</summary>
public abstract record WindowEvent(WindowMessage Message, WindowState From, WindowState To)
{
    public abstract WindowEventKind Kind { get; }

    /// <summary>The end as it became with this event, or as it was asked for.</summary>
    public Timestamp? ClosesAtOrAsked => this switch
    {
        Approved approved => approved.ClosesAt,
        Extended extended => extended.ClosesAt,
        _ => (Message as WindowMessage.Extend)?.ClosesAt ?? (Message as WindowMessage.Approve)?.ClosesAt,
    };

    public sealed record Requested(WindowMessage Message, WindowState From, WindowTerms Terms)
        : WindowEvent(Message, From, WindowState.Requested)
    {
        public override WindowEventKind Kind => WindowEventKind.Requested;
    }

    /// <summary>With the bounds as they became.</summary>
    public sealed record Approved(WindowMessage Message, WindowState From, Timestamp OpensAt, Timestamp ClosesAt)
        : WindowEvent(Message, From, WindowState.Approved)
    {
        public override WindowEventKind Kind => WindowEventKind.Approved;

        public bool SelfGranted => Message is WindowMessage.Grant;

        /// <summary>It opens a time that was past when it was approved.</summary>
        public bool GrantedAfter => OpensAt < Message.ReceivedAt;
    }

    public sealed record Denied(WindowMessage Message, WindowState From)
        : WindowEvent(Message, From, WindowState.Denied)
    {
        public override WindowEventKind Kind => WindowEventKind.Denied;
    }

    public sealed record Extended(WindowMessage Message, WindowState From, Timestamp ClosesAt)
        : WindowEvent(Message, From, WindowState.Approved)
    {
        public override WindowEventKind Kind => WindowEventKind.Extended;
    }

    public sealed record Revoked(WindowMessage Message, WindowState From)
        : WindowEvent(Message, From, WindowState.Revoked)
    {
        public override WindowEventKind Kind => WindowEventKind.Revoked;
    }

    public sealed record Closed(WindowMessage Message, WindowState From)
        : WindowEvent(Message, From, WindowState.Closed)
    {
        public override WindowEventKind Kind => WindowEventKind.Closed;
    }

    /// <summary>Messages that were not proven count as done in the window; it stays as it was.</summary>
    public sealed record Accepted(WindowMessage Message, WindowState From, WindowSpan Span)
        : WindowEvent(Message, From, From)
    {
        public override WindowEventKind Kind => WindowEventKind.Accepted;
    }

    /// <summary>A person acknowledged refused acts; the window stays as it was.</summary>
    public sealed record Reviewed(WindowMessage Message, WindowState From, Review Review)
        : WindowEvent(Message, From, From)
    {
        public override WindowEventKind Kind => WindowEventKind.Reviewed;

        public static Reviewed Of(Review review, WindowState state, string? reason = null) => new(
            new WindowMessage.Reviewing(new WindowDelivery
            {
                Actor = review.By, Person = review.Person, ReceivedAt = review.At, Dedup = default, Reason = reason,
            }),
            state, review);
    }

    /// <summary>The window stays as it was.</summary>
    public sealed record Violated(WindowMessage Message, WindowState From, string Violation)
        : WindowEvent(Message, From, From)
    {
        public override WindowEventKind Kind => WindowEventKind.Violated;
    }
}
