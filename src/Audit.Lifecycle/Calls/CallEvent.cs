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

    /// <summary>So many messages of this call were only counted.</summary>
    public sealed record Flooded(long Count) : CallEvent;
}
