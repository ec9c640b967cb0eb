using Npgsql;

namespace Audit.Load.Floors;

/// <summary>Opens connections that commit durably, however the server is configured.</summary>
internal static class PostgresConnection
{
    public static async Task<NpgsqlConnection> OpenAsync(string place)
    {
        var connection = new NpgsqlConnection(place);
        await connection.OpenAsync();
        await RunAsync(connection, "SET synchronous_commit = on");
        return connection;
    }

    public static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
