using System.Data;
using Audit.Journal.Tokens;
using Npgsql;

namespace Audit.Journal.Postgres;

internal sealed class PostgresTokenStore(PostgresConnections connections) : ITokenStore
{
    private const string Columns = "name, sha256, roles, agent, task, created_at, revoked_at";

    private const string AddSql =
        $"INSERT INTO tokens ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";

    private const string AddFirstSql =
        $"INSERT INTO tokens ({Columns}) SELECT $1, $2, $3, $4, $5, $6, $7 WHERE NOT EXISTS (SELECT 1 FROM tokens)";

    private const string RevokeSql = "UPDATE tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL";

    private const string FindSql = $"SELECT {Columns} FROM tokens WHERE sha256 = $1";

    private const string ListSql = $"SELECT {Columns} FROM tokens ORDER BY name COLLATE \"C\"";

    public Task<bool> AddAsync(TokenRow token, CancellationToken cancellation) =>
        connections.ChangeAsync((connection, stop) => ChangeAsync(connection, AddSql, stop, Values(token)), cancellation);

    public Task<bool> AddFirstAsync(TokenRow token, CancellationToken cancellation) =>
        connections.ChangeAsync((connection, stop) => AddFirstAsync(connection, token, stop), cancellation);

    public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellation) =>
        connections.ChangeAsync(
            (connection, stop) => ChangeAsync(connection, RevokeSql, stop, Text(name), Number(at.UtcTicks)), cancellation);

    public async Task<TokenRow?> FindAsync(ReadOnlyMemory<byte> sha256, CancellationToken cancellation)
    {
        var found = await connections.ReadAsync(
            (connection, stop) => ReadAsync(connection, FindSql, stop, new NpgsqlParameter<byte[]>
            {
                TypedValue = sha256.ToArray(),
            }),
            cancellation);
        return found.SingleOrDefault();
    }

    public Task<IReadOnlyList<TokenRow>> ListAsync(CancellationToken cancellation) =>
        connections.ReadAsync((connection, stop) => ReadAsync(connection, ListSql, stop), cancellation);

    // The table's lock comes before the look, so that of several nodes which start at once one adds the first token.
    private static async Task<bool> AddFirstAsync(
        NpgsqlConnection connection, TokenRow token, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
        await ChangeAsync(connection, "LOCK TABLE tokens IN SHARE ROW EXCLUSIVE MODE", cancellation);
        var added = await ChangeAsync(connection, AddFirstSql, cancellation, Values(token));
        await transaction.CommitAsync(cancellation);
        return added;
    }

    private static async Task<bool> ChangeAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancellation) > 0;
    }

    private static async Task<IReadOnlyList<TokenRow>> ReadAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var tokens = new List<TokenRow>();
        while (await reader.ReadAsync(cancellation))
        {
            tokens.Add(Token(reader));
        }

        return tokens;
    }

    private static TokenRow Token(NpgsqlDataReader reader) => new(
        reader.GetString(0),
        reader.GetFieldValue<byte[]>(1),
        TokenRoles.Split(reader.GetString(2)),
        reader.IsDBNull(3) ? null : reader.GetString(3),
        reader.IsDBNull(4) ? null : reader.GetString(4),
        new DateTimeOffset(reader.GetInt64(5), TimeSpan.Zero),
        reader.IsDBNull(6) ? null : new DateTimeOffset(reader.GetInt64(6), TimeSpan.Zero));

    private static NpgsqlParameter[] Values(TokenRow token) =>
    [
        Text(token.Name),
        new NpgsqlParameter<byte[]> { TypedValue = token.Sha256 },
        Text(TokenRoles.Join(token.Roles)),
        Text(token.Agent),
        Text(token.Task),
        Number(token.CreatedAt.UtcTicks),
        Number(token.RevokedAt?.UtcTicks),
    ];

    private static NpgsqlParameter Text(string? value) =>
        new() { Value = (object?)value ?? DBNull.Value, DbType = DbType.String };

    private static NpgsqlParameter Number(long? value) =>
        new() { Value = (object?)value ?? DBNull.Value, DbType = DbType.Int64 };
}
