namespace Audit.Integrity.Verification;

/// <summary>One thing that is wrong.</summary>
/// <param name="Position">The first position concerned; null where none can be named.</param>
/// <param name="LastPosition">The last position that may be concerned, where it is not one alone.</param>
/// <param name="Sentence">What is wrong, for a person.</param>
public sealed record IntegrityFault(IntegrityFaultKind Kind, long? Position, long? LastPosition, string Sentence);
