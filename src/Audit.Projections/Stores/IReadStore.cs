namespace Audit.Projections.Stores;

/// <summary>Where the read models lie.</summary>
internal interface IReadStore : IAsyncDisposable
{
    /// <summary>Takes the right to write, making the tables where they are missing or of another version.</summary>
    /// <returns>Null while another node has it.</returns>
    Task<IReadLead?> TryLeadAsync(CancellationToken cancellation);

    /// <summary>Reads in one snapshot.</summary>
    Task<T> ReadAsync<T>(Func<IReadSession, Task<T>> read, CancellationToken cancellation);

    /// <summary>Runs one statement beside those who project.</summary>
    /// <returns>How many rows it changed.</returns>
    Task<int> ExecuteAsync(string sql, IReadOnlyList<object> values, CancellationToken cancellation);

    /// <summary>An empty store beside this one, to be filled and then put in its place.</summary>
    /// <exception cref="ReadModelsException">Somebody is rebuilding already.</exception>
    Task<IReadStore> CreateNextAsync(CancellationToken cancellation);

    /// <summary>Puts the other store in the place of this one, at once; the other is used up.</summary>
    Task ReplaceByAsync(IReadStore next, CancellationToken cancellation);
}
