using Audit.Lifecycle.Calls;
using Audit.Lifecycle.Hashing;
using Audit.Lifecycle.Time;

namespace Audit.Lifecycle.Sessions;

/// <summary>What a host says of a session that concerns no single call.</summary>
public sealed record SessionNote(
    string Type, Timestamp At, Timestamp ReceivedAt, string Token, Fingerprint Dedup, long? Seq = null,
    string? MessageId = null, bool Derived = false, bool TimeInferred = false, string? DerivedId = null)
{
    public static SessionNote Of(string type, Timestamp at, in Delivery delivery) => new(
        type, at, delivery.ReceivedAt, delivery.Token, delivery.Dedup, delivery.Seq, delivery.MessageId,
        delivery.Derived, delivery.TimeInferred, delivery.DerivedId);
}
