using Npgsql;

namespace Audit.Testing;

/// <summary>A database of its own for one test.</summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string server;

    internal PostgresDatabase(string server, string name)
    {
        this.server = server;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(server) { Database = name }.ConnectionString;
    }

    public string Name { get; }

    public string ConnectionString { get; }

    /// <summary>A connection that no pool keeps.</summary>
    public async Task<NpgsqlConnection> ConnectAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync() =>
        await PostgresServer.ExecuteAsync(server, $"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
}
