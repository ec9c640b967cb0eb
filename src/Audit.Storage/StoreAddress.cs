using Npgsql;

namespace Audit.Storage;

/// <summary>
/// A store that cannot be opened as it is; the message is a sentence for the person who started the node.
/// </summary>
public class StoreException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What lies in a store cannot be read, and so much is known of where.</summary>
/// <param name="position">The last position that could be read before it.</param>
public sealed class StoreDamagedException(string message, long position, Exception? inner = null)
    : StoreException(message, inner)
{
    public long Position { get; } = position;
}

/// <summary>Where a store lies: `sqlite:PATH` or `postgres:CONNECTION STRING`, which may hold a password.</summary>
public sealed class StoreAddress
{
    public const string Accepted = "sqlite:PATH or postgres:CONNECTION STRING";

    private const string Sqlite = "sqlite";
    private const string Postgres = "postgres";

    private StoreAddress(bool isSqlite, string place)
    {
        IsSqlite = isSqlite;
        Place = place;
    }

    /// <summary>A file; otherwise a database of PostgreSQL.</summary>
    public bool IsSqlite { get; }

    /// <summary>The path of the file, or the connection string.</summary>
    public string Place { get; }

    /// <summary>Whether it is known without opening it that there is nothing: a file that does not exist.</summary>
    public bool IsMissing => IsSqlite && !File.Exists(Place);

    /// <exception cref="StoreException">It is no address of a store.</exception>
    public static StoreAddress Parse(string address) => TryParse(address)
        // What somebody took for an address may hold a password too, so it is not repeated.
        ?? throw new StoreException($"The store's address is not understood; accepted is {Accepted}.");

    public static StoreAddress? TryParse(string address) => address.Split(':', 2) switch
    {
        [Sqlite, { Length: > 0 } path] => new StoreAddress(true, path),
        [Postgres, { Length: > 0 } connection] => new StoreAddress(false, connection),
        _ => null,
    };

    /// <summary>The same address, of a file whole and of a database without its password.</summary>
    public string WithoutSecret() => IsSqlite
        ? $"{Sqlite}:{Path.GetFullPath(Place)}"
        : $"{Postgres}:{new NpgsqlConnectionStringBuilder(Place) { Password = null, SslPassword = null }}";

    public override string ToString() => IsSqlite ? $"{Sqlite}:{Place}" : $"{Postgres}:…";
}
