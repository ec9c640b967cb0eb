namespace Audit.Integrity.Sealing;

/// <param name="Reason">A sentence; null where there is nothing to explain.</param>
/// <param name="Position">With Halted: the first position known to be concerned, if any.</param>
public sealed record SealerStatus(SealerState State, string? Reason = null, long? Position = null)
{
    /// <summary>Whether a person must do something: the node is not ready then.</summary>
    public bool IsHalted => State == SealerState.Halted;
}
