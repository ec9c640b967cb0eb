namespace Audit.Engine.Intake;

/// <summary>
/// What is known of an item before it is read: who sends it, when, and what the request's headers say.
/// </summary>
/// <param name="Source">Whose sessions and calls it speaks of.</param>
/// <param name="Token">By which token it comes.</param>
/// <param name="SessionId">With a session here an item may be a bare record.</param>
/// <param name="Derived">
/// The items were derived from another system's words, which no sender can say of its own.
/// </param>
/// <param name="TimeInferred">
/// With derived items: the source gave no time, and the one that they have was inferred.
/// </param>
/// <param name="Person">Whose token it is that sends the item.</param>
public sealed record ItemDefaults(
    string Source, string Token, Timestamp ReceivedAt, string? SessionId = null, string? TaskId = null,
    string? Agent = null, bool Derived = false, bool TimeInferred = false, string? Person = null)
{
    /// <summary>What the token may speak of: others are refused.</summary>
    public CallBounds Bounds { get; init; } = CallBounds.None;
}

public static class ItemLimits
{
    /// <summary>Up to here an item is kept as it came.</summary>
    public const int Kept = 256 << 10;

    /// <summary>Up to here its long strings are cut; beyond it only the fact that it came is kept.</summary>
    public const int Read = 16 << 20;
}
