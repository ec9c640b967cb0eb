using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace Audit.Api.Access;

/// <summary>
/// Finds the bearer of a token, and remembers the ones found for a moment, so that a request costs no look into the
/// store and a revocation on another node is effective at once. Unknown tokens are not remembered: who tries many
/// would drive out the known.
/// </summary>
internal sealed class BearerTokens(IAuditStore store, PeopleNow people, FailureLog failures, TimeProvider clock)
{
    private static readonly TimeSpan UseWrittenEvery = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan AwayPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestAway = TimeSpan.FromHours(1);

    private readonly BriefMemory<TokenHash, TokenRow> known = new(clock);
    private readonly ConcurrentDictionary<TokenHash, (TokenRow Row, long At)> ofNumbers = new();

    public ValueTask<Bearer?> FindAsync(string token, CancellationToken cancellation) =>
        TokenText.IsOne(token) ? FindAsync(TokenText.HashOf(token), cancellation) : ValueTask.FromResult<Bearer?>(null);

    public async ValueTask<Bearer?> FindAsync(TokenHash hash, CancellationToken cancellation) =>
        await RowAsync(hash, cancellation) is { } row && row.IsGoodAt(clock.GetUtcNow()) ? Bearer.Of(row) : null;

    /// <summary>
    /// For numbers alone, which are wanted most when the store is away: then whoever asked for them within the last hour
    /// is let in.
    /// </summary>
    public async ValueTask<Bearer?> FindForNumbersAsync(string token, CancellationToken cancellation)
    {
        if (!TokenText.IsOne(token))
        {
            return null;
        }

        var hash = TokenText.HashOf(token);
        TokenRow? row;
        try
        {
            row = await RowAsync(hash, cancellation).AsTask().WaitAsync(AwayPatience, cancellation);
            if (row is null)
            {
                ofNumbers.TryRemove(hash, out _);
                return null;
            }

            ofNumbers[hash] = (row, clock.GetTimestamp());
        }
        catch (Exception failure) when (failure is JournalUnavailableException or TimeoutException)
        {
            failures.Report("token of who asks for numbers", failure);
            if (!ofNumbers.TryGetValue(hash, out var last) || clock.GetElapsedTime(last.At) > LongestAway)
            {
                throw failure as JournalUnavailableException
                    ?? new JournalUnavailableException("The store does not say whose token that is.", failure);
            }

            row = last.Row;
        }

        return row.IsGoodAt(clock.GetUtcNow()) ? Bearer.Of(row) : null;
    }

    /// <summary>Whatever was read before this is asked for again.</summary>
    public void ForgetAll()
    {
        ofNumbers.Clear();
        known.Clear();
        people.LookAgain();
    }

    private async ValueTask<TokenRow?> RowAsync(TokenHash hash, CancellationToken cancellation)
    {
        var ticket = known.Ticket();
        if (known.TryGet(hash, out var row))
        {
            return row;
        }

        row = await store.Tokens.FindAsync(hash.ToBytes(), cancellation);
        if (row is null || !row.IsGoodAt(clock.GetUtcNow()) || await people.IsRevokedAsync(row.Name, cancellation))
        {
            return null;
        }

        known.Remember(hash, row, ticket);
        await NoteUseAsync(row, cancellation);
        return row;
    }

    private async ValueTask NoteUseAsync(TokenRow row, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (row.LastUsedAt is { } last && (now - last).Duration() < UseWrittenEvery)
        {
            return;
        }

        try
        {
            await store.Tokens.TouchAsync(row.Name, now, cancellation);
        }
        catch (JournalUnavailableException away)
        {
            // A store that can be read and not written lets readers in.
            failures.Report("time of a token's last use", away);
        }
    }
}

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
