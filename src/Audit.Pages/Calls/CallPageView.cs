using Audit.Pages.Shared;

namespace Audit.Pages.Calls;

public sealed record CallPageView(CallModel Call, IReadOnlyList<TransitionModel> Transitions, IReadOnlyList<CallStep> Steps)
{
    /// <summary>The sequence number after which the next page of events begins.</summary>
    public long? MoreAfter { get; init; }

    /// <summary>The position as of which the call is shown; null for now.</summary>
    public long? At { get; init; }

    /// <summary>The last position that is sealed: events up to it can be proven.</summary>
    public long Sealed { get; init; }

    /// <summary>The log's verifier key; null before there is a log.</summary>
    public string? LogKey { get; init; }

    public long? Recorded { get; init; }

    public IReadOnlyList<InputValue> Input { get; init; } = [];

    public ToolAuditRecord? First => Steps.Select(step => step.Record).FirstOrDefault(record => record is not null);

    /// <summary>The last step that tells a result.</summary>
    public CallStep? Result => Steps.LastOrDefault(step => step.Record?.Outcome
        is Outcome.Completed or Outcome.Cached or Outcome.Replayed or Outcome.PersistenceFailed { Result: not null });

    public IEnumerable<TransitionModel> Violations => Transitions.Where(message => message.Cause != ViolationCause.None);
}
