namespace Audit.Integrity.Storage;

/// <summary>A checkpoint as the store has it.</summary>
/// <param name="LastPosition">The position of the last row that it covers, 0 for an empty log.</param>
public sealed record StoredCheckpoint(long Size, long LastPosition, string Note, DateTimeOffset SignedAt);
