using System.Data.Common;

namespace Audit.Integrity.Storage;

/// <summary>What the two databases do differently for the log.</summary>
internal interface ILogDatabase : IAsyncDisposable
{
    /// <summary>What stands before the name of each table.</summary>
    string Schema { get; }

    /// <summary>Where it is, without any password.</summary>
    string Place { get; }

    /// <summary>A connection for one question.</summary>
    Task<DbConnection> OpenAsync(CancellationToken cancellation);

    /// <summary>A connection for as long as this node seals, or null while another one does.</summary>
    Task<DbConnection?> TryHoldAsync(CancellationToken cancellation);

    /// <summary>Called after the connection of the one that sealed is closed.</summary>
    void Release();
}
