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
