namespace Audit.Actors.Messages;

/// <summary>
/// Marks what nodes of one cluster send each other. Hyperion is bound to it and to nothing else: it reads fields by
/// position, so these types are small, never stored, and the same on all nodes of a running cluster.
/// </summary>
public interface ICrossesTheWire;

/// <summary>Items for one stream, in order; they are decided and written together.</summary>
/// <param name="Stream">The persistence_id, which is also the entity's id.</param>
/// <param name="Ticket">By which the sender knows the answer.</param>
public sealed record StreamMail(string Stream, long Ticket, WireItem[] Items) : ICrossesTheWire;

/// <summary>What became of a <see cref="StreamMail"/>.</summary>
public abstract record StreamAnswer(long Ticket) : ICrossesTheWire
{
    /// <param name="Receipts">One for each item.</param>
    public sealed record Decided(long Ticket, Receipt[] Receipts) : StreamAnswer(Ticket);

    /// <summary>
    /// Nothing of the mail was written, for certain: another writer was first, or no actor took it. It may be sent
    /// again by the node itself.
    /// </summary>
    /// <param name="WasOvertaken">Another writer was first.</param>
    public sealed record NothingWritten(long Ticket, bool WasOvertaken = false) : StreamAnswer(Ticket);

    /// <summary>It is not known what was written.</summary>
    public sealed record Unknown(long Ticket, string Reason) : StreamAnswer(Ticket);
}

/// <summary>
/// Asks an actor to end once its work is done. The system's own PoisonPill would overtake what the actor still has to
/// answer.
/// </summary>
public sealed class Stop
{
    public static readonly Stop Instance = new();

    private Stop()
    {
    }
}
