using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Sessions;

/// <summary>What a host says of a session that concerns no single call.</summary>
public sealed record SessionNote
{
    public required string Type { get; init; }

    public required Timestamp At { get; init; }

    public required Timestamp ReceivedAt { get; init; }

    public required string Host { get; init; }

    public long? Seq { get; init; }

    public string? MessageId { get; init; }

    public required Fingerprint Dedup { get; init; }

    public bool Derived { get; init; }

    public bool TimeInferred { get; init; }

    public static SessionNote Of(string type, Timestamp at, in Delivery delivery) => new()
    {
        Type = type,
        At = at,
        ReceivedAt = delivery.ReceivedAt,
        Host = delivery.Host,
        Seq = delivery.Seq,
        MessageId = delivery.MessageId,
        Dedup = delivery.Dedup,
        Derived = delivery.Derived,
        TimeInferred = delivery.TimeInferred,
    };
}
