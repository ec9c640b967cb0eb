namespace Audit.Integrity.Verification;

/// <summary>Numbers that a host gave to messages of a session and that the book does not have.</summary>
public sealed record SequenceGap(string SessionId, string Host, long First, long Last);
