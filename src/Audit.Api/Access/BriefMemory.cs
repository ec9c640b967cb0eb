using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Audit.Api.Access;

/// <summary>
/// Remembers what was found in the store for half a second, counted from before the look: what another node ends is
/// ended here within a second.
/// </summary>
internal sealed class BriefMemory<TKey, TValue>(TimeProvider clock)
    where TKey : notnull
    where TValue : class
{
    private const int Most = 1024;
    private static readonly TimeSpan Span = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<TKey, (TValue Value, MemoryTicket Ticket)> found = new();
    private int generation;

    /// <summary>To be taken before the look.</summary>
    public MemoryTicket Ticket() => new(clock.GetTimestamp(), Volatile.Read(ref generation));

    public bool TryGet(TKey key, [NotNullWhen(true)] out TValue? value)
    {
        var isThere = found.TryGetValue(key, out var one)
            && one.Ticket.Generation == Volatile.Read(ref generation) && clock.GetElapsedTime(one.Ticket.At) < Span;
        value = isThere ? one.Value : null;
        return isThere;
    }

    public void Remember(TKey key, TValue value, MemoryTicket ticket)
    {
        if (found.Count >= Most)
        {
            found.Clear();
        }

        found[key] = (value, ticket);
    }

    /// <summary>Whatever was looked up before this is looked up again.</summary>
    public void Clear()
    {
        Interlocked.Increment(ref generation);
        found.Clear();
    }
}

/// <summary>When somebody began to look, and what had been forgotten by then.</summary>
internal readonly record struct MemoryTicket(long At, int Generation);
