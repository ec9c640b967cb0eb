using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Calls;

/// <summary>
/// What the law needs to know of one record: facts and fingerprints, never the payload, so that a live call costs a few
/// hundred bytes however large its records are.
/// </summary>
public sealed record CallMessage
{
    public required MessageKind Kind { get; init; }

    /// <summary>The success flag of the result, where the outcome carries one.</summary>
    public bool Success { get; init; }

    public required Timestamp RecordedAt { get; init; }

    public required Timestamp ReceivedAt { get; init; }

    /// <summary>The host's own number of the message within the session.</summary>
    public long? Seq { get; init; }

    public long Turn { get; init; }

    /// <summary>Null when the record leaves it empty.</summary>
    public string? ToolName { get; init; }

    public string? Provider { get; init; }

    /// <summary>The tool's tier asks for a confirmation.</summary>
    public bool NeedsConfirmation { get; init; }

    public string? TaskId { get; init; }

    /// <summary>The name of the credential that the message came with.</summary>
    public required string Host { get; init; }

    /// <summary>The node made this message itself, of a decision that came through its API.</summary>
    public bool MadeByNode { get; init; }

    public string? MessageId { get; init; }

    /// <summary>The keyed hash by which the same record is known again.</summary>
    public required Fingerprint Dedup { get; init; }

    /// <summary>A format adapter derived the message from another system's words.</summary>
    public bool Derived { get; init; }

    /// <summary>The source told no time; recorded_at was inferred from its neighbours.</summary>
    public bool TimeInferred { get; init; }

    /// <summary>The largest strings of the record were cut before it was stored.</summary>
    public bool Truncated { get; init; }

    /// <summary>The size of an item that was too large to be read and is kept as evidence only; else 0.</summary>
    public long OversizedBytes { get; init; }

    /// <summary>Of effective_input; empty when the record has none.</summary>
    public Fingerprint Input { get; init; }

    /// <summary>Of the result; empty when the outcome has none.</summary>
    public Fingerprint Result { get; init; }

    /// <summary>The time that places the message in its history: a clock that runs ahead gains at most this much.</summary>
    public Timestamp OrderedAt => IsAheadOfClock ? ReceivedAt.Add(ClockTolerance) : RecordedAt;

    public bool IsAheadOfClock => RecordedAt > ReceivedAt.Add(ClockTolerance);

    public bool IsSuccessfulCompletion => Kind == MessageKind.Completed && Success;

    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(5);
}
