namespace Audit.Journal.Tokens;

/// <summary>The tokens of a store, shared by all of its nodes.</summary>
public interface ITokenStore
{
    /// <summary>Those of a store that is only read.</summary>
    static ITokenStore Over(IStoreDatabase database, RowKeys keys) =>
        new TokenStore(database, new RowProof(keys, FailureLog.None), null);

    /// <returns>
    /// False when a token of that name is there already, revoked or not: a name stands for one bearer for ever.
    /// </returns>
    Task<bool> AddAsync(TokenRow token, CancellationToken cancellation);

    /// <summary>
    /// Adds a token only to a store that never had one; of several nodes that start at once one wins.
    /// </summary>
    Task<bool> AddFirstAsync(TokenRow token, CancellationToken cancellation);

    /// <summary>Ends the browser sessions of the token too.</summary>
    /// <returns>False when there is no such token, or it was revoked before.</returns>
    Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellation);

    /// <summary>Writes down that the token was used, unless somebody changed it meanwhile.</summary>
    Task TouchAsync(string name, DateTimeOffset at, CancellationToken cancellation);

    Task<TokenRow?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancellation);

    Task<IReadOnlyList<TokenRow>> ListAsync(CancellationToken cancellation);
}

/// <summary>A bearer token as it is kept: its hash only, whom it stands for, and what it may do.</summary>
/// <param name="Person">Who acts by it, or whose agent reports by it; `none` for a service.</param>
/// <param name="Source">As what it reports; null where it may report nothing.</param>
/// <param name="Bound">What it may speak of and see.</param>
/// <param name="CreatedBy">The person who made it.</param>
public sealed record TokenRow(
    string Name, byte[] Sha256, IReadOnlyList<string> Roles, string Person, TokenSource? Source, TokenBounds Bound,
    DateTimeOffset CreatedAt, string CreatedBy)
{
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>About when it was used last: within a minute.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>False when no node of the store wrote the row as it is; it opens nothing then.</summary>
    public bool IsProven { get; init; } = true;

    public bool IsGoodAt(DateTimeOffset time) =>
        IsProven && RevokedAt is null && (ExpiresAt is not { } end || time < end);
}

/// <summary>As what a token reports: a source by its number, which events carry, and by its name.</summary>
public sealed record TokenSource(long Number, string Name);

/// <summary>Each list that is not empty is all of its kind that a token may speak of and see.</summary>
public sealed record TokenBounds(
    IReadOnlyList<string> Agents, IReadOnlyList<string> Tasks, IReadOnlyList<string> Sources)
{
    public static readonly TokenBounds None = new([], [], []);

    public bool IsNone => Agents.Count + Tasks.Count + Sources.Count == 0;
}
