namespace Audit.Pages.Calls;

/// <summary>One event of a call.</summary>
public sealed record CallStep(long Position, long Sequence, string Event, Timestamp Created)
{
    /// <summary>How its message is judged; null where it tells none.</summary>
    public TransitionModel? Transition { get; init; }

    public ToolAuditRecord? Record { get; init; }

    /// <summary>What an event says that tells no message of the host.</summary>
    public string? Said { get; init; }

    public int RecordBytes { get; init; }
}
