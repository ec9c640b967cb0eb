using Npgsql;

namespace Audit.Integrity.Storage.Postgres;

/// <summary>Reads the connection string of a store.</summary>
internal static class PostgresSettings
{
    /// <exception cref="StoreException">The string cannot be read; nothing of it is in the message.</exception>
    public static NpgsqlConnectionStringBuilder Parse(string connection)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(connection) { Enlist = false, Multiplexing = false };
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException)
        {
            // What the parser says may quote a piece of the password.
            throw new StoreException("The store's PostgreSQL connection string cannot be read.");
        }
    }
}
