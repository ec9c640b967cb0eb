using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Sessions;

/// <param name="Note">The note to write as the next event of the stream; null when nothing is written.</param>
public sealed record SessionDecision(
    MessageOutcome Outcome, SessionHistory After, SessionNote? Note, long Sequence, string? Error = null);
