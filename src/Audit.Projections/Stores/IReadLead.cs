namespace Audit.Projections.Stores;

/// <summary>
/// The right to write the read models, which one node at a time has. It ends with its connection. Questions see what is
/// committed, and may be put while a batch is being written.
/// </summary>
internal interface IReadLead : IReadSession, IAsyncDisposable
{
    /// <summary>Writes a batch and its offset in one transaction.</summary>
    /// <returns>False when the store does not stand at the offset that the batch was made for; nothing was written.</returns>
    Task<bool> WriteAsync(BatchRows rows, CancellationToken cancellation);

    /// <summary>The same for the text index, in a store of that kind.</summary>
    Task<bool> WriteAsync(IndexBatch batch, CancellationToken cancellation);
}
