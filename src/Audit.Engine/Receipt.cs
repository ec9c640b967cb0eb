using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Audit.Engine;

/// <summary>What became of a submission. With a position it is durable.</summary>
/// <param name="State">The state of the call or window afterwards; null where there is none.</param>
/// <param name="Message">With a violation: the message that was refused by the law.</param>
/// <param name="Reason">With a violation: what it did against the law.</param>
/// <param name="Error">Where nothing was written: why; else what is wrong with the stream that it stands in.</param>
/// <param name="Line">Where nothing was written of a stream of another system: the line that says it; else 0.</param>
public sealed record Receipt(
    ReceiptStatus Status, long Sequence = 0, string? State = null, int Attempt = 0, Anomalies Anomalies = default,
    string? Message = null, string? Reason = null, string? Error = null, long Line = 0)
{
    public long Position { get; internal set; }

    /// <summary>Nothing was written, for the token may not speak of that agent or task.</summary>
    public bool IsOutsideBinding => Error?.Contains(CallBounds.Outside, StringComparison.Ordinal) == true;

    /// <summary>
    /// The SHA-256 of the message that was written for it, as it is stored; empty where none was written now.
    /// </summary>
    public MessageHash Sha256 { get; internal set; }

    /// <summary>With the hash of its message, whose bytes are at hand only before they are written.</summary>
    /// <param name="events">What was decided in one go.</param>
    /// <param name="first">Where in it that of this receipt begins.</param>
    /// <param name="after">The sequence number that its stream had before.</param>
    internal Receipt Hashed(IReadOnlyList<EncodedEvent> events, int first, long after)
    {
        var index = first + Sequence - after - 1;
        if (Sequence > after && index < events.Count)
        {
            Sha256 = MessageHash.Of(events[(int)index].Message.Span);
        }

        return this;
    }

    /// <summary>With what is wrong with its stream, where it says nothing of its own.</summary>
    internal Receipt Beside(string? missing) => missing is null || Error is not null ? this : this with
    {
        Error = missing,
    };

    public static Receipt Duplicate(long position, long sequence, string state, int attempt) =>
        new(ReceiptStatus.Duplicate) { Position = position, Sequence = sequence, State = state, Attempt = attempt };

    public static Receipt Invalid(string error) => new(ReceiptStatus.Invalid) { Error = error };

    public static Receipt Unknown(string error) => new(ReceiptStatus.Unknown) { Error = error };

    public static Receipt Unavailable(string error) => new(ReceiptStatus.Unavailable) { Error = error };
}

/// <summary>A SHA-256 without an object of its own, for there is one in each receipt.</summary>
public readonly record struct MessageHash(ulong First, ulong Second, ulong Third, ulong Fourth)
{
    public bool IsEmpty => this == default;

    public static MessageHash Of(ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(message, hash);
        return new MessageHash(
            BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(hash[16..]), BinaryPrimitives.ReadUInt64BigEndian(hash[24..]));
    }

    public void CopyTo(Span<byte> hash)
    {
        BinaryPrimitives.WriteUInt64BigEndian(hash, First);
        BinaryPrimitives.WriteUInt64BigEndian(hash[8..], Second);
        BinaryPrimitives.WriteUInt64BigEndian(hash[16..], Third);
        BinaryPrimitives.WriteUInt64BigEndian(hash[24..], Fourth);
    }
}

public enum ReceiptStatus : byte
{
    Recorded,
    Duplicate,
    Violation,

    /// <summary>It repeats what its stream holds often enough, and was counted there.</summary>
    Counted,

    /// <summary>The stream holds all that it may hold.</summary>
    Refused,

    /// <summary>It could not be read; only whoever reads items gives this one.</summary>
    Invalid,

    /// <summary>Whether it was written is not known: the journal was away. It may be sent again.</summary>
    Unknown,

    /// <summary>
    /// Whether it was written is not known: the node that keeps its stream does not answer, and no other has it yet.
    /// Items of other streams are not concerned. It may be sent again.
    /// </summary>
    Unavailable,
}
