namespace Audit.Api.Access;

/// <summary>
/// What the journal says of tokens, sources and ended sessions by now. A row of a table that was set back to before a
/// revocation or a sign-out still has its proof; the journal does not forget.
/// </summary>
internal sealed class PeopleNow(PeopleStream people, TimeProvider clock)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim turn = new(1);
    private readonly Dictionary<string, DateTimeOffset> revoked = [];
    private readonly Dictionary<string, DateTimeOffset> ended = [];
    private readonly Dictionary<string, PeopleAct> made = [];
    private readonly SourceLinks links = new();
    private readonly TokenTree tokens = new();
    private long sequence;
    private long lookedAt = long.MinValue;

    public ValueTask<bool> IsRevokedAsync(string token, CancellationToken cancellation) =>
        AskAsync(() => revoked.ContainsKey(token), cancellation);

    /// <summary>Whether somebody signed out of a browser's session.</summary>
    public ValueTask<bool> IsSignedOutAsync(byte[] session, CancellationToken cancellation) =>
        AskAsync(() => ended.ContainsKey(Convert.ToHexStringLower(session)), cancellation);

    /// <summary>Tokens as the newer of table and journal has them.</summary>
    public ValueTask<IReadOnlyList<TokenRow>> AsTheyAreAsync(
        IReadOnlyList<TokenRow> rows, CancellationToken cancellation) => AskAsync<IReadOnlyList<TokenRow>>(
        () =>
        [
            .. rows.Select(row => row.RevokedAt is null && revoked.TryGetValue(row.Name, out var at)
                ? row with { RevokedAt = at }
                : row),
        ],
        cancellation);

    /// <summary>The sources that an administrator linked with this one, by name.</summary>
    public ValueTask<IReadOnlyList<string>> LinkedWithAsync(string source, CancellationToken cancellation) =>
        AskAsync(() => links.Of(source), cancellation);

    /// <summary>Who decides nothing that a source asks, for it asks for him.</summary>
    public ValueTask<Parties> PartiesOfAsync(string source, string? asker, CancellationToken cancellation) =>
        PartiesOfAsync(name => name == source, asker, cancellation);

    /// <inheritdoc cref="PartiesOfAsync(string, string?, CancellationToken)"/>
    /// <param name="isMeant">Whether it is asked of a source.</param>
    public ValueTask<Parties> PartiesOfAsync(
        Func<string, bool> isMeant, string? asker, CancellationToken cancellation) =>
        AskAsync(() => tokens.PartiesOf(isMeant, asker), cancellation, isExact: true);

    /// <inheritdoc cref="TokenTree.MayBeOne"/>
    public ValueTask<bool> MayBeOneAsync(string person, string other, CancellationToken cancellation) =>
        AskAsync(() => tokens.MayBeOne(person, other), cancellation, isExact: true);

    /// <summary>The event that a token was made with; null for one that stands in no event.</summary>
    public ValueTask<PeopleAct?> MakingOfAsync(string token, CancellationToken cancellation) =>
        AskAsync(() => made.GetValueOrDefault(token), cancellation, isExact: true);

    /// <summary>
    /// Whether who acts may be one of those who acted before, for what cannot be undone: a token that was made for it,
    /// or by whoever made the other's, may be anybody's.
    /// </summary>
    /// <param name="earlier">With what token, who, and when.</param>
    public async ValueTask<bool> MayBeOneOfAsync(
        IEnumerable<(string By, string Person, Timestamp At)> earlier, string name, string person,
        CancellationToken cancellation)
    {
        var token = await MakingOfAsync(name, cancellation);
        foreach (var (by, other, at) in earlier)
        {
            if (await MayBeOneAsync(other, person, cancellation)
                || (token is not null && (Timestamp.From(token.At) > at
                    || (token.Maker != Bearer.FirstAdministrator
                        && token.Maker == (await MakingOfAsync(by, cancellation))?.Maker))))
            {
                return true;
            }
        }

        return false;
    }

    public void LookAgain() => Volatile.Write(ref lookedAt, long.MinValue);

    /// <param name="isExact">What was written a moment ago counts too.</param>
    private async ValueTask<T> AskAsync<T>(
        Func<T> question, CancellationToken cancellation, bool isExact = false)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var now = clock.GetTimestamp();
            if (isExact || lookedAt == long.MinValue || clock.GetElapsedTime(lookedAt, now) >= Pause)
            {
                await ReadOnAsync(cancellation);
                lookedAt = now;
            }

            return question();
        }
        finally
        {
            turn.Release();
        }
    }

    private async Task ReadOnAsync(CancellationToken cancellation)
    {
        foreach (var (session, _) in ended.Where(one => one.Value <= clock.GetUtcNow()).ToList())
        {
            ended.Remove(session);
        }

        await foreach (var act in people.ReadAsync(sequence, cancellation))
        {
            if (act.Act == PeopleAct.TokenRevoked)
            {
                revoked.TryAdd(act.Name, act.At);
            }

            if (act.Act == PeopleAct.TokenCreated)
            {
                made[act.Name] = act;
            }

            // What would have ended by itself needs nobody to remember it.
            if (act.Act == PeopleAct.SignedOut && act.Session.Ends > clock.GetUtcNow())
            {
                ended[act.Session.Hash] = act.Session.Ends;
            }

            links.Take(act);
            tokens.Take(act);
            sequence = act.Sequence;
        }
    }
}

/// <summary>
/// Which sources an administrator says to be of one host. Their sessions are shown side by side, and stay two.
/// </summary>
internal sealed class SourceLinks
{
    private readonly NamesByName linked = new();

    public void Take(PeopleAct act)
    {
        if (act.Act == PeopleAct.SourceLinked)
        {
            linked.Add(act.Name, act.With);
            linked.Add(act.With, act.Name);
        }
    }

    public IReadOnlyList<string> Of(string source) => [.. linked.Of(source)];
}
