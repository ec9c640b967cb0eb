namespace Audit.Journal.Tokens;

/// <param name="lockSql">What keeps other nodes from adding a token until the transaction ends.</param>
internal sealed class TokenStore(IStoreDatabase database, RowProof proof, string? lockSql) : ITokenStore
{
    private const string Table = "tokens";

    private const string Columns =
        "name, sha256, roles, person, source_n, source, agents, tasks, sources, created_at, created_by, expires_at, "
        + "last_used_at, revoked_at, mac";

    private const string Places = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15";

    private const string AddSql = $"INSERT INTO tokens ({Columns}) VALUES ({Places}) ON CONFLICT DO NOTHING";

    private const string AddFirstSql =
        $"INSERT INTO tokens ({Columns}) SELECT {Places} WHERE NOT EXISTS (SELECT 1 FROM tokens)";

    // Under the proof that was read, so that of two who change the row at once one does it and the other sees that.
    private const string ChangeSql =
        "UPDATE tokens SET last_used_at = $3, revoked_at = $4, mac = $5 WHERE name = $1 AND mac = $2";

    private const string EndSessionsSql = "DELETE FROM browser_sessions WHERE token = $1";

    private const string ByNameSql = $"SELECT {Columns} FROM tokens WHERE name = $1";

    private const string FindSql = $"SELECT {Columns} FROM tokens WHERE sha256 = $1";

    private const string ListSql = $"SELECT {Columns} FROM tokens";

    public Task<bool> AddAsync(TokenRow token, CancellationToken cancellation) => database.ChangeAsync(
        async session => await session.ExecuteAsync(AddSql, WithProof(token), cancellation) > 0, cancellation);

    // The table's lock comes before the look, so that of several nodes which start at once one adds the first token.
    public Task<bool> AddFirstAsync(TokenRow token, CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            if (lockSql is not null)
            {
                await session.RunScriptAsync(lockSql, cancellation);
            }

            return await session.ExecuteAsync(AddFirstSql, WithProof(token), cancellation) > 0;
        },
        cancellation);

    public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellation) =>
        database.ChangeAsync(
            async session =>
            {
                await session.ExecuteAsync(EndSessionsSql, [name], cancellation);
                while (true)
                {
                    var found = await session.QueryAsync(ByNameSql, [name], Read, cancellation);
                    if (found.SingleOrDefault() is not { Token.RevokedAt: null } row)
                    {
                        return false;
                    }

                    if (await ChangeAsync(session, row, row.Token with { RevokedAt = at }, cancellation))
                    {
                        return true;
                    }
                }
            },
            cancellation);

    public Task TouchAsync(string name, DateTimeOffset at, CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            var found = await session.QueryAsync(ByNameSql, [name], Read, cancellation);
            return found is [{ Token.RevokedAt: null } row]
                && await ChangeAsync(session, row, row.Token with { LastUsedAt = at }, cancellation);
        },
        cancellation);

    public async Task<TokenRow?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(FindSql, [sha256.ToArray()], Read, cancellation), cancellation);
        if (found.SingleOrDefault() is { Token: { IsProven: false } wrong })
        {
            proof.Report(Table, wrong.Name);
        }

        return found.SingleOrDefault().Token;
    }

    public async Task<IReadOnlyList<TokenRow>> ListAsync(CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(ListSql, [], Read, cancellation), cancellation);
        return [.. found.Select(row => row.Token).OrderBy(token => token.Name, StringComparer.Ordinal)];
    }

    private async Task<bool> ChangeAsync(
        IStoreSession session, (TokenRow Token, byte[] Mac) was, TokenRow now, CancellationToken cancellation)
    {
        // What nobody proved stays so, whatever is done to it.
        var mac = was.Token.IsProven ? proof.Of(Table, Values(now)) : was.Mac;
        object?[] values = [now.Name, was.Mac, now.LastUsedAt?.UtcTicks, now.RevokedAt?.UtcTicks, mac];
        return await session.ExecuteAsync(ChangeSql, values, cancellation) > 0;
    }

    private object?[] WithProof(TokenRow token) => [.. Values(token), proof.Of(Table, Values(token))];

    private static object?[] Values(TokenRow token) =>
    [
        token.Name, token.Sha256, Join(token.Roles, ' '), token.Person, token.Source?.Number, token.Source?.Name,
        Join(token.Bound.Agents), Join(token.Bound.Tasks), Join(token.Bound.Sources), token.CreatedAt.UtcTicks,
        token.CreatedBy, token.ExpiresAt?.UtcTicks, token.LastUsedAt?.UtcTicks, token.RevokedAt?.UtcTicks,
    ];

    private (TokenRow Token, byte[] Mac) Read(IStoredRow row)
    {
        var token = new TokenRow(
            row.Text(0),
            row.Blob(1),
            Split(row.Text(2), ' '),
            row.Text(3),
            row.IsNull(4) ? null : new TokenSource(row.Number(4), row.TextOrNull(5) ?? ""),
            new TokenBounds(Split(row.Text(6)), Split(row.Text(7)), Split(row.Text(8))),
            Time(row.Number(9)),
            row.Text(10))
        {
            ExpiresAt = TimeOrNull(row, 11),
            LastUsedAt = TimeOrNull(row, 12),
            RevokedAt = TimeOrNull(row, 13),
        };
        var mac = row.Blob(14);
        return (token with { IsProven = proof.Holds(Table, Values(token), mac) }, mac);
    }

    // Names hold no control characters, and roles no space.
    private static string Join(IReadOnlyList<string> names, char between = '\n') =>
        names.FirstOrDefault(name => name.Length == 0 || name.Contains(between)) is { } wrong
            ? throw new ArgumentException($"\"{wrong}\" is empty or holds what stands between two.", nameof(names))
            : string.Join(between, names);

    private static string[] Split(string names, char between = '\n') =>
        names.Split(between, StringSplitOptions.RemoveEmptyEntries);

    private static DateTimeOffset? TimeOrNull(IStoredRow row, int column) =>
        row.NumberOrNull(column) is { } ticks ? Time(ticks) : null;

    // A row that somebody edited may hold any number, and is refused for its proof and not here.
    internal static DateTimeOffset Time(long ticks) =>
        new(Math.Clamp(ticks, 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero);
}

/// <summary>
/// What proves that a node of the store wrote a row as it is: a MAC over all of its fields.
/// </summary>
internal sealed class RowProof(RowKeys keys, FailureLog failures)
{
    public byte[] Of(string table, IReadOnlyList<object?> fields) =>
        keys.MacOf(table, fields.Select(TextOf));

    public bool Holds(string table, IReadOnlyList<object?> fields, byte[] proof) =>
        keys.Proves(proof, table, fields.Select(TextOf));

    /// <summary>Says so of a row that is refused.</summary>
    public void Report(string table, string name) => failures.Report(
        $"unproven rows of {table}",
        new UnprovenRowException(
            $"The row \"{name}\" of {table} is not as a node of this store wrote it; it is refused."));

    private static string? TextOf(object? field) => field switch
    {
        null => null,
        string text => text,
        long number => number.ToString(CultureInfo.InvariantCulture),
        byte[] blob => Convert.ToHexString(blob),
        _ => throw new ArgumentException($"A field cannot be a {field.GetType().Name}.", nameof(field)),
    };
}

/// <summary>A row of tokens, browser sessions or sources that no node of the store wrote as it is.</summary>
public sealed class UnprovenRowException(string message) : Exception(message);
