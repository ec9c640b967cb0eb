namespace Audit.Engine;

/// <summary>What became of a submission. With a position it is durable.</summary>
/// <param name="State">The state of the call or window afterwards; null where there is none.</param>
/// <param name="Message">With a violation: the message that was refused by the law.</param>
/// <param name="Reason">With a violation: what it did against the law.</param>
/// <param name="Error">Where nothing was written: why.</param>
/// <param name="Line">Where nothing was written of a stream of another system: the line that says it; else 0.</param>
public sealed record Receipt(
    ReceiptStatus Status, long Sequence = 0, string? State = null, int Attempt = 0, Anomalies Anomalies = default,
    string? Message = null, string? Reason = null, string? Error = null, long Line = 0)
{
    public long Position { get; internal set; }

    public static Receipt Duplicate(long position, long sequence, string state, int attempt) =>
        new(ReceiptStatus.Duplicate) { Position = position, Sequence = sequence, State = state, Attempt = attempt };

    public static Receipt Invalid(string error) => new(ReceiptStatus.Invalid) { Error = error };

    public static Receipt Unknown(string error) => new(ReceiptStatus.Unknown) { Error = error };
}

public enum ReceiptStatus : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>It repeats what its stream holds often enough, and was counted there.</summary>
    Counted,

    /// <summary>The stream holds all that it may hold.</summary>
    Refused,

    /// <summary>It could not be read; only whoever reads items gives this one.</summary>
    Invalid,

    /// <summary>Whether it was written is not known: the journal was away. It may be sent again.</summary>
    Unknown,
}
