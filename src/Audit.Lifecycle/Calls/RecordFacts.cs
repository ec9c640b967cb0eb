using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>What the law asks of a record.</summary>
public readonly record struct RecordFacts
{
    public required string ToolCallId { get; init; }

    public required MessageKind Kind { get; init; }

    /// <summary>The success flag of the result, where the outcome carries one.</summary>
    public bool Success { get; init; }

    /// <summary>Null when the record leaves it empty.</summary>
    public string? ToolName { get; init; }

    public string? Provider { get; init; }

    /// <summary>The tool's tier asks for a confirmation.</summary>
    public bool NeedsConfirmation { get; init; }

    public long Turn { get; init; }

    public required Timestamp RecordedAt { get; init; }

    /// <summary>Of effective_input; empty when the record has none.</summary>
    public Fingerprint Input { get; init; }

    /// <summary>Of the result; empty when the outcome has none.</summary>
    public Fingerprint Result { get; init; }
}

/// <summary>How a record or a note came.</summary>
public readonly record struct Delivery
{
    public required Timestamp ReceivedAt { get; init; }

    /// <summary>The name of the credential that it came with.</summary>
    public required string Host { get; init; }

    /// <summary>The keyed hash by which the same record is known again.</summary>
    public required Fingerprint Dedup { get; init; }

    /// <summary>The host's own number of the message within the session.</summary>
    public long? Seq { get; init; }

    public string? MessageId { get; init; }

    public string? TaskId { get; init; }

    /// <summary>A format adapter derived it from another system's words.</summary>
    public bool Derived { get; init; }

    /// <summary>The source gave no time; it was inferred from its neighbours.</summary>
    public bool TimeInferred { get; init; }

    /// <summary>The node made it itself, of a decision that came through its API.</summary>
    public bool MadeByNode { get; init; }

    /// <summary>Its largest strings were cut before it was stored.</summary>
    public bool Truncated { get; init; }
}
