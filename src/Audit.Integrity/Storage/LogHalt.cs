namespace Audit.Integrity.Storage;

/// <summary>Why a log is signed no more until an operator starts a new one.</summary>
/// <param name="Reason">A sentence.</param>
/// <param name="Position">The first position known to be concerned; null where none can be named.</param>
public sealed record LogHalt(string Reason, long? Position, DateTimeOffset At);
