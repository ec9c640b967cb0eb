namespace Audit.Engine.Intake;

/// <summary>
/// What is known of an item before it is read: who sends it, when, and what the request's headers say.
/// </summary>
public sealed record ItemDefaults(string Host, Timestamp ReceivedAt)
{
    /// <summary>With a session here an item may be a bare record.</summary>
    public string? SessionId { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    /// <summary>The token is bound to this agent: another one is refused.</summary>
    public string? BoundAgent { get; init; }

    public string? BoundTask { get; init; }

    /// <summary>The items were derived from another system's words, which no sender can say of its own.</summary>
    public bool Derived { get; init; }

    /// <summary>With derived items: the source gave no time, and the one that they have was inferred.</summary>
    public bool TimeInferred { get; init; }
}

public static class ItemLimits
{
    /// <summary>Up to here an item is kept as it came.</summary>
    public const int Kept = 256 << 10;

    /// <summary>Up to here its long strings are cut; beyond it only the fact that it came is kept.</summary>
    public const int Read = 16 << 20;
}
