using Audit.Journal.Tokens;
using Npgsql;

namespace Audit.Journal.Postgres;

/// <summary>A store in a PostgreSQL database, which many nodes may share.</summary>
public sealed class PostgresStore : IAuditStore
{
    private const string AddSecretSql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";

    private const string SecretSql = "SELECT value FROM meta WHERE key = $1";

    private readonly PostgresConnections connections;
    private readonly PostgresJournal journal;

    private PostgresStore(PostgresConnections connections, PostgresJournal journal)
    {
        this.connections = connections;
        this.journal = journal;
        Tokens = new PostgresTokenStore(connections);
    }

    public string Kind => "postgres";

    public string Place => connections.Place;

    public IJournal Journal => journal;

    public ITokenStore Tokens { get; }

    /// <exception cref="StoreException">The database cannot be opened; the message says why.</exception>
    public static async Task<IAuditStore> OpenAsync(string connection, CancellationToken cancellation)
    {
        var connections = new PostgresConnections(connection);
        try
        {
            var first = await connections.OpenLastingAsync(cancellation);
            await using (first)
            {
                await PostgresSchema.ApplyAsync(first, connections.Place, cancellation);
            }

            var journal = await PostgresJournal.OpenAsync(connections, cancellation);
            return new PostgresStore(connections, journal);
        }
        catch (Exception failure)
        {
            await connections.DisposeAsync();
            if (failure is not (NpgsqlException or JournalUnavailableException or IOException or ArgumentException))
            {
                throw;
            }

            throw new StoreException(
                $"The store in PostgreSQL at {connections.Place} cannot be opened: {failure.Message}", failure);
        }
    }

    // Made twice it is made once, so it may be tried like a reading.
    public Task<byte[]> SecretAsync(string name, ReadOnlyMemory<byte> ifAbsent, CancellationToken cancellation) =>
        connections.ReadAsync((connection, stop) => SecretAsync(connection, name, ifAbsent, stop), cancellation);

    public ValueTask DisposeAsync() => journal.DisposeAsync();

    private static async Task<byte[]> SecretAsync(
        NpgsqlConnection connection, string name, ReadOnlyMemory<byte> ifAbsent, CancellationToken cancellation)
    {
        var add = new NpgsqlCommand(AddSecretSql, connection)
        {
            Parameters = { new() { Value = name }, new() { Value = ifAbsent.ToArray() } },
        };
        await using (add)
        {
            await add.ExecuteNonQueryAsync(cancellation);
        }

        var read = new NpgsqlCommand(SecretSql, connection) { Parameters = { new() { Value = name } } };
        await using (read)
        {
            return (byte[])(await read.ExecuteScalarAsync(cancellation))!;
        }
    }
}
