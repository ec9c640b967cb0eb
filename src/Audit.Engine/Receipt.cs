namespace Audit.Engine;

/// <summary>What became of a submission. With a position it is durable.</summary>
public sealed record Receipt(ReceiptStatus Status)
{
    public long Position { get; internal set; }

    public long Sequence { get; init; }

    /// <summary>The state of the call or window afterwards; null where there is none.</summary>
    public string? State { get; init; }

    public int Attempt { get; init; }

    public Anomalies Anomalies { get; init; }

    /// <summary>With a violation: the message that was refused by the law.</summary>
    public string? Message { get; init; }

    /// <summary>With a violation: what it did against the law.</summary>
    public string? Reason { get; init; }

    /// <summary>Where nothing was written: why.</summary>
    public string? Error { get; init; }

    /// <summary>Where nothing was written of a stream of another system: the line that says it; else 0.</summary>
    public long Line { get; init; }

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

    /// <summary>The stream holds all that it may hold.</summary>
    Refused,

    /// <summary>It could not be read; only whoever reads items gives this one.</summary>
    Invalid,

    /// <summary>Whether it was written is not known: the journal was away. It may be sent again.</summary>
    Unknown,
}
