using System.Collections.Concurrent;

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
