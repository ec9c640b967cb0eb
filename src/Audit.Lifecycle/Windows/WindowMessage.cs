using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Windows;

/// <summary>One act on a task window, by the bearer of a token.</summary>
public sealed record WindowMessage
{
    public required WindowVerb Verb { get; init; }

    /// <summary>The name of the token: who acts.</summary>
    public required string Actor { get; init; }

    /// <summary>The person whom the actor says to act for.</summary>
    public string? OnBehalfOf { get; init; }

    public required Timestamp ReceivedAt { get; init; }

    public required Fingerprint Dedup { get; init; }

    public string? MessageId { get; init; }

    /// <summary>With a request and a grant.</summary>
    public WindowTerms? Terms { get; init; }

    /// <summary>With an extension.</summary>
    public Timestamp? ClosesAt { get; init; }

    /// <summary>With a denial and a revocation, and where somebody wants to say why.</summary>
    public string? Reason { get; init; }
}
