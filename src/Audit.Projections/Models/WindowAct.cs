namespace Audit.Projections.Models;

/// <summary>What somebody did with a window.</summary>
public sealed record WindowAct(long Position, WindowEventKind Kind, WindowVerb Verb, string By, Timestamp At)
{
    public string? OnBehalfOf { get; init; }

    public string? Reason { get; init; }

    /// <summary>The end as it became or was asked for.</summary>
    public Timestamp? ClosesAt { get; init; }

    /// <summary>Of an act that was refused: why.</summary>
    public string? Violation { get; init; }
}
