using Audit.Lifecycle.Hashing;

namespace Audit.Lifecycle.Calls;

/// <summary>All that the past of a call means for its next message: the accumulator of the fold.</summary>
/// <param name="Attempt">0 before the first message.</param>
/// <param name="Turn">The highest turn that the attempt has seen.</param>
/// <param name="Refused">
/// The call was blocked, and neither an approval nor a new question to a person has come since.
/// </param>
/// <param name="Ran">The result of the last successful completion; empty as long as the call never ran.</param>
/// <param name="ApprovalSeen">The attempt saw a request for confirmation or an approval.</param>
/// <param name="ApprovedInput">The effective input that awaited or got approval in this attempt.</param>
public readonly record struct Standing(
    CallState State = default, int Attempt = 0, long Turn = 0, string? ToolName = null, string? Provider = null,
    string? TaskId = null, string? Host = null, bool Refused = false, Fingerprint Ran = default,
    bool ApprovalSeen = false, Fingerprint ApprovedInput = default);
