namespace Audit.Journal.Tokens;

/// <param name="lockSql">What keeps other nodes from adding a token until the transaction ends.</param>
internal sealed class TokenStore(IStoreDatabase database, string? lockSql) : ITokenStore
{
    private const string Columns = "name, sha256, roles, agent, task, created_at, revoked_at";

    private const string AddSql =
        $"INSERT INTO tokens ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

    private const string AddFirstSql =
        $"INSERT INTO tokens ({Columns}) SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM tokens)";

    private const string RevokeSql = "UPDATE tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL";

    private const string FindSql = $"SELECT {Columns} FROM tokens WHERE sha256 = $1";

    private const string ListSql = $"SELECT {Columns} FROM tokens";

    public Task<bool> AddAsync(TokenRow token, CancellationToken cancellation) =>
        ChangeAsync(AddSql, Values(token), cancellation);

    // The table's lock comes before the look, so that of several nodes which start at once one adds the first token.
    public Task<bool> AddFirstAsync(TokenRow token, CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            if (lockSql is not null)
            {
                await session.RunScriptAsync(lockSql, cancellation);
            }

            return await session.ExecuteAsync(AddFirstSql, Values(token), cancellation) > 0;
        },
        cancellation);

    public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellation) =>
        ChangeAsync(RevokeSql, [name, at.UtcTicks], cancellation);

    public async Task<TokenRow?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(FindSql, [sha256.ToArray()], Read, cancellation), cancellation);
        return found.SingleOrDefault();
    }

    public async Task<IReadOnlyList<TokenRow>> ListAsync(CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(ListSql, [], Read, cancellation), cancellation);
        return [.. found.OrderBy(token => token.Name, StringComparer.Ordinal)];
    }

    private Task<bool> ChangeAsync(string sql, object?[] values, CancellationToken cancellation) =>
        database.ChangeAsync(
        async session => await session.ExecuteAsync(sql, values, cancellation) > 0, cancellation);

    private static object?[] Values(TokenRow token) =>
    [
        token.Name, token.Sha256, Join(token.Roles), token.Agent, token.Task, token.CreatedAt.UtcTicks,
        token.RevokedAt?.UtcTicks,
    ];

    private static TokenRow Read(IStoredRow row) => new(
        row.Text(0),
        row.Blob(1),
        row.Text(2).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        row.TextOrNull(3),
        row.TextOrNull(4),
        new DateTimeOffset(row.Number(5), TimeSpan.Zero),
        row.NumberOrNull(6) is { } revoked ? new DateTimeOffset(revoked, TimeSpan.Zero) : null);

    // Roles lie in both stores as names with a space between.
    private static string Join(IReadOnlyList<string> roles) =>
        roles.FirstOrDefault(role => role.Length == 0 || role.Contains(' ')) is { } wrong
            ? throw new ArgumentException(
                $"\"{wrong}\" cannot be a role: it is empty or has a space in it.", nameof(roles))
            : string.Join(' ', roles);
}
