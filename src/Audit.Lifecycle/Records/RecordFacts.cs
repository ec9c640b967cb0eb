using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Records;

/// <summary>What the reader found in a record: what the law asks for, and where the record lies in its text.</summary>
public readonly record struct RecordFacts
{
    public required string ToolCallId { get; init; }

    public required MessageKind Kind { get; init; }

    public bool Success { get; init; }

    public string? ToolName { get; init; }

    public string? Provider { get; init; }

    public bool NeedsConfirmation { get; init; }

    public long Turn { get; init; }

    public required Timestamp RecordedAt { get; init; }

    public Fingerprint Input { get; init; }

    public Fingerprint Result { get; init; }

    public required Fingerprint Dedup { get; init; }

    public required Range Place { get; init; }
}
