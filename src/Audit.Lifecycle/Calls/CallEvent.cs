using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>What can be written in the stream of a call.</summary>
public abstract record CallEvent
{
    private CallEvent() { }

    /// <summary>A message with the verdict it got on arrival: `call.transitioned`, or `call.violated`.</summary>
    /// <param name="Late">Its place in the history is not the last.</param>
    public sealed record Received(CallMessage Message, Verdict Verdict, EntryWeight Weight, bool Late) : CallEvent;

    /// <summary>A later message changed the verdict on an older one.</summary>
    public sealed record Rejudged(long Sequence, Verdict Was, Verdict Now, string Reason) : CallEvent;

    /// <summary>Another channel gave the time of a message whose time was inferred.</summary>
    /// <param name="Counts">It takes the place of the inferred one; else it is kept beside it.</param>
    public sealed record Retimed(long Sequence, Timestamp Was, Timestamp Given, bool Counts) : CallEvent;

    /// <summary>So many messages of one kind and cause were only counted, between two times.</summary>
    /// <param name="Chain">A hash over all of them.</param>
    /// <param name="Total">Of all kinds and causes.</param>
    public sealed record Flooded(
        MessageKind Kind, ViolationCause Cause, Timestamp First, Timestamp Last, long Count, Fingerprint Chain,
        long Total) : CallEvent;

    /// <summary>A person acknowledged violations, as they stood.</summary>
    public sealed record Reviewed(Review Review) : CallEvent;
}
