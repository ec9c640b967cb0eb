using Audit.Lifecycle.Records;

namespace Audit.Lifecycle.Calls;

/// <summary>What comes of a message: the events to write, all or none of them, and the call as it then is.</summary>
/// <param name="Sequence">The event that tells the message: its own, or for a duplicate the first one's.</param>
/// <param name="Error">Why a refused message was not written.</param>
public sealed record CallDecision(
    MessageOutcome Outcome, CallHistory After, IReadOnlyList<CallEvent> Events, long Sequence, Verdict Verdict, string? Error = null);
