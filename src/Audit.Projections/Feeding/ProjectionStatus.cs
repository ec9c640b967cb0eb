namespace Audit.Projections.Feeding;

/// <summary>A look at the projection of the read models.</summary>
/// <param name="Position">Everything up to here is in the read models.</param>
/// <param name="HaltedAt">With a halt: the position of the event in its way.</param>
/// <param name="Sentence">With a halt, or with trouble: what is wrong.</param>
/// <param name="Lag">How old the newest event was when the read models had it, the last time this node fed them.</param>
public sealed record ProjectionStatus(
    ProjectionState State, long Position, long? HaltedAt, string? Sentence, TimeSpan Lag)
{
    /// <summary>The journal is not the one any more that the read models were made of: only a rebuild helps.</summary>
    public bool JournalChanged => State == ProjectionState.Halted && HaltedAt == Position;
}
