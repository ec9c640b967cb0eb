namespace Audit.Engine;

/// <summary>What a host, a person or the node itself wants written, addressed to one stream.</summary>
public abstract class Submission(StreamKey stream)
{
    public StreamKey Stream { get; } = stream;

    /// <summary>
    /// What is alike for submissions that belong together: those of a session go through one mailbox, so that the journal
    /// tells a session in the order in which it was submitted.
    /// </summary>
    public virtual int Affinity => Stream.GetHashCode();

    /// <summary>How much memory it holds until it is written, roughly.</summary>
    public abstract int Bytes { get; }
}
