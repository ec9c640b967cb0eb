using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Audit.Projections.Queries;

/// <summary>
/// What one request was answered: how many things, between which positions, and a hash over the positions of all of
/// them in the order in which they were read. Whoever has the book can check by it what was seen.
/// </summary>
public sealed class ReadTrace : IDisposable
{
    private readonly Lock gate = new();
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long count;
    private long first;
    private long last;

    /// <param name="position">Of its first event, or of the event itself.</param>
    /// <param name="through">Of its last event.</param>
    public void Add(long position, long through = 0)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, position);
        lock (gate)
        {
            hash.AppendData(bytes);
            first = count == 0 ? position : Math.Min(first, position);
            last = Math.Max(last, Math.Max(position, through));
            count++;
        }
    }

    public ReadTraceState State()
    {
        lock (gate)
        {
            return new ReadTraceState(
                count, first, last, count == 0 ? "" : Convert.ToHexStringLower(hash.GetCurrentHash()));
        }
    }

    public void Dispose() => hash.Dispose();
}

/// <param name="Hash">SHA-256, in hexadecimal; empty where nothing was read.</param>
public readonly record struct ReadTraceState(long Count, long First, long Last, string Hash);
