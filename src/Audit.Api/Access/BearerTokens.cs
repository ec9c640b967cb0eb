using System.Collections.Concurrent;

namespace Audit.Api.Access;

/// <summary>
/// Finds the bearer of a token, and remembers the ones found for a few seconds, so that a request costs no look into
/// the store and a revocation on another node is effective soon. Unknown tokens are not remembered: who tries many
/// would drive out the known.
/// </summary>
internal sealed class BearerTokens(ITokenStore store, TimeProvider clock)
{
    private const int MostRemembered = 1024;
    private static readonly TimeSpan RememberedFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<TokenHash, Remembered> known = new();
    private int generation;

    public ValueTask<Bearer?> FindAsync(string token, CancellationToken cancellation) =>
        TokenText.IsOne(token) ? FindAsync(TokenText.HashOf(token), cancellation) : ValueTask.FromResult<Bearer?>(null);

    public async ValueTask<Bearer?> FindAsync(TokenHash hash, CancellationToken cancellation)
    {
        var now = clock.GetTimestamp();
        var current = Volatile.Read(ref generation);
        if (known.TryGetValue(hash, out var found) && found.Generation == current
            && clock.GetElapsedTime(found.At, now) < RememberedFor)
        {
            return found.Bearer;
        }

        var row = await store.FindAsync(hash.ToBytes(), cancellation);
        if (row is null || row.RevokedAt is not null)
        {
            known.TryRemove(hash, out _);
            return null;
        }

        var bearer = new Bearer(row.Name, RoleNames.Of(row.Roles), row.Agent, row.Task);
        Remember(hash, new Remembered(bearer, now, current));
        return bearer;
    }

    /// <summary>Whatever was read before this is asked for again.</summary>
    public void ForgetAll()
    {
        Interlocked.Increment(ref generation);
        known.Clear();
    }

    private void Remember(TokenHash hash, Remembered found)
    {
        if (known.Count >= MostRemembered)
        {
            known.Clear();
        }

        known[hash] = found;
    }

    private sealed record Remembered(Bearer Bearer, long At, int Generation);
}
