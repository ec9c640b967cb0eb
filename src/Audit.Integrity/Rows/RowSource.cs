namespace Audit.Integrity.Rows;

/// <summary>The rows of a journal as they lie there, in order of position and whatever they are.</summary>
internal interface IRowSource : IAsyncDisposable
{
    /// <summary>Goes on with the first row at a position or after it; a source begins at the very first.</summary>
    Task SeekAsync(long position, CancellationToken cancellation);

    /// <summary>Puts the next rows into an empty batch; none at the end.</summary>
    Task FillAsync(RowBatch batch, CancellationToken cancellation);

    /// <summary>Reads a few whole streams, each in order of sequence number.</summary>
    Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation);
}

/// <summary>Opens the rows of a store for reading only, beside a node or without one.</summary>
internal static class RowSource
{
    /// <param name="onlyGiven">
    /// Without rows behind the last position that the store gave, which are shown and never sealed.
    /// </param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<IRowSource> OpenAsync(
        string address, CancellationToken cancellation, bool onlyGiven = false)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteRowSource.Open(Path.GetFullPath(store.Place))
            : await PostgresRowSource.OpenAsync(store.Place, onlyGiven, cancellation);
    }
}
