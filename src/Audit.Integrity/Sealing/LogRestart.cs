using Audit.Integrity.Notes;

namespace Audit.Integrity.Sealing;

/// <summary>What an operator's event says when a new log takes the place of an old one.</summary>
/// <param name="LastCheckpoint">The last checkpoint that is known to be signed for the old log; null where there is none.</param>
public sealed record LogRestart(string OldOrigin, SignedCheckpoint? LastCheckpoint, string NewOrigin, string Reason);
