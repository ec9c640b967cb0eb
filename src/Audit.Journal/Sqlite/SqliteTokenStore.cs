using Audit.Journal.Tokens;

namespace Audit.Journal.Sqlite;

internal sealed class SqliteTokenStore(SqliteWriter writer, SqliteReaders readers) : ITokenStore
{
    private const string Columns = "name, sha256, roles, agent, task, created_at, revoked_at";

    private const string AddSql =
        $"INSERT INTO tokens ({Columns}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE true ON CONFLICT DO NOTHING";

    private const string AddFirstSql =
        $"INSERT INTO tokens ({Columns}) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE NOT EXISTS (SELECT 1 FROM tokens)";

    private const string RevokeSql = "UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";

    private const string FindSql = $"SELECT {Columns} FROM tokens WHERE sha256 = ?1";

    private const string ListSql = $"SELECT {Columns} FROM tokens ORDER BY name";

    public Task<bool> AddAsync(TokenRow token, CancellationToken cancellation) => AddAsync(AddSql, token, cancellation);

    public Task<bool> AddFirstAsync(TokenRow token, CancellationToken cancellation) =>
        AddAsync(AddFirstSql, token, cancellation);

    public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellation) =>
        writer.RunAsync(
            database => database.Statement(RevokeSql).Bind(1, name).Bind(2, at.UtcTicks).Run() > 0, cancellation);

    public Task<TokenRow?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancellation) =>
        readers.RunAsync(
            database => Read(database.Statement(FindSql).BindBlob(1, sha256.Span)).SingleOrDefault(), cancellation);

    public Task<IReadOnlyList<TokenRow>> ListAsync(CancellationToken cancellation) =>
        readers.RunAsync<IReadOnlyList<TokenRow>>(database => Read(database.Statement(ListSql)), cancellation);

    private Task<bool> AddAsync(string sql, TokenRow token, CancellationToken cancellation) =>
        writer.RunAsync(database => Bind(database.Statement(sql), token).Run() > 0, cancellation);

    private static SqliteStatement Bind(SqliteStatement statement, TokenRow token)
    {
        statement.Bind(1, token.Name)
            .BindBlob(2, token.Sha256)
            .Bind(3, TokenRoles.Join(token.Roles))
            .Bind(4, token.Agent)
            .Bind(5, token.Task)
            .Bind(6, token.CreatedAt.UtcTicks);
        return token.RevokedAt is { } at ? statement.Bind(7, at.UtcTicks) : statement.Bind(7, null);
    }

    private static List<TokenRow> Read(SqliteStatement statement)
    {
        var tokens = new List<TokenRow>();
        while (statement.Step())
        {
            tokens.Add(new TokenRow(
                statement.Text(0)!,
                statement.Blob(1),
                TokenRoles.Split(statement.Text(2)!),
                statement.Text(3),
                statement.Text(4),
                new DateTimeOffset(statement.Int64(5), TimeSpan.Zero),
                statement.IsNull(6) ? null : new DateTimeOffset(statement.Int64(6), TimeSpan.Zero)));
        }
        return tokens;
    }
}
