namespace Audit.Lifecycle.Calls;

/// <summary>What the law says of one message of a history.</summary>
public readonly record struct Verdict(
    CallState From, CallState To, int Attempt, Anomalies Anomalies, ViolationCause Cause)
{
    public bool IsViolation => Cause != ViolationCause.None;

    /// <summary>
    /// Two verdicts differ when a reader would have to think differently of the message; where the call stood just before
    /// is told by its neighbours and changes with each of them.
    /// </summary>
    public bool RulesAs(Verdict other) =>
        To == other.To && Attempt == other.Attempt && Anomalies == other.Anomalies && Cause == other.Cause;
}
