using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Calls;

/// <summary>All that the past of a call means for its next message: the accumulator of the fold.</summary>
public readonly record struct Standing
{
    public CallState State { get; init; }

    /// <summary>0 before the first message.</summary>
    public int Attempt { get; init; }

    /// <summary>The highest turn that the attempt has seen.</summary>
    public long Turn { get; init; }

    public string? ToolName { get; init; }

    public string? Provider { get; init; }

    public string? TaskId { get; init; }

    public string? Host { get; init; }

    /// <summary>The call was blocked, and neither an approval nor a new question to a person has come since.</summary>
    public bool Refused { get; init; }

    /// <summary>The result of the last successful completion; empty as long as the call never ran.</summary>
    public Fingerprint Ran { get; init; }

    /// <summary>The attempt saw a request for confirmation or an approval.</summary>
    public bool ApprovalSeen { get; init; }

    /// <summary>The effective input that awaited or got approval in this attempt.</summary>
    public Fingerprint ApprovedInput { get; init; }
}
