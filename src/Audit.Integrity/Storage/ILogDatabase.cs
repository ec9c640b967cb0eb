namespace Audit.Integrity.Storage;

/// <summary>What the two databases do differently for the log.</summary>
internal interface ILogDatabase : IAsyncDisposable
{
    /// <summary>What stands before the name of each table.</summary>
    string Schema { get; }

    /// <summary>Puts one question.</summary>
    Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation);

    /// <summary>Writes a line of those that need no right to seal.</summary>
    Task ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation);

    /// <summary>Takes the right to seal, or returns null while another node has it.</summary>
    Task<ILogHold?> TryHoldAsync(CancellationToken cancellation);
}

/// <summary>The right to seal, which one node has at a time; it ends with the connection it hangs on.</summary>
internal interface ILogHold : IAsyncDisposable
{
    /// <summary>Works in one transaction over that same connection.</summary>
    Task TransactAsync(Func<IStoreSession, Task> work, CancellationToken cancellation);
}
