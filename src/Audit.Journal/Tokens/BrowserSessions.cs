namespace Audit.Journal.Tokens;

/// <summary>A browser in which somebody signed in: the hash of what its cookie holds, and by which token.</summary>
public sealed record BrowserSessionRow(
    byte[] Sha256, string Token, byte[] TokenSha256, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>The browser sessions of a store, shared by all of its nodes. One that has ended is there no more.</summary>
public sealed class BrowserSessions
{
    private const string Table = "browser_sessions";

    private const string Columns = "sha256, token, token_sha256, created_at, expires_at, mac";

    private readonly IStoreDatabase database;
    private readonly RowProof proof;

    internal BrowserSessions(IStoreDatabase database, RowProof proof)
    {
        this.database = database;
        this.proof = proof;
    }

    /// <summary>Adds one, and clears away those whose time is over.</summary>
    public Task AddAsync(BrowserSessionRow row, CancellationToken cancellation) => database.ChangeAsync(
        async session =>
        {
            await session.ExecuteAsync(
                $"DELETE FROM {Table} WHERE expires_at <= $1", [row.CreatedAt.UtcTicks], cancellation);
            return await session.ExecuteAsync(
                $"INSERT INTO {Table} ({Columns}) VALUES ($1, $2, $3, $4, $5, $6)",
                [.. Values(row), proof.Of(Table, Values(row))], cancellation);
        },
        cancellation);

    public async Task<BrowserSessionRow?> FindAsync(byte[] sha256, CancellationToken cancellation)
    {
        var found = await database.ReadAsync(
            session => session.QueryAsync(
                $"SELECT {Columns} FROM {Table} WHERE sha256 = $1", [sha256], Read, cancellation),
            cancellation);
        if (found is not [var (row, mac)])
        {
            return null;
        }

        if (proof.Holds(Table, Values(row), mac))
        {
            return row;
        }

        proof.Report(Table, row.Token);
        return null;
    }

    public Task EndAsync(byte[] sha256, CancellationToken cancellation) => database.ChangeAsync(
        session => session.ExecuteAsync($"DELETE FROM {Table} WHERE sha256 = $1", [sha256], cancellation),
        cancellation);

    private static object?[] Values(BrowserSessionRow row) =>
        [row.Sha256, row.Token, row.TokenSha256, row.CreatedAt.UtcTicks, row.ExpiresAt.UtcTicks];

    private static (BrowserSessionRow Row, byte[] Mac) Read(IStoredRow row) => (
        new BrowserSessionRow(
            row.Blob(0), row.Text(1), row.Blob(2), TokenStore.Time(row.Number(3)), TokenStore.Time(row.Number(4))),
        row.Blob(5));
}
