namespace Audit.Projections.Tests.Search;

/// <summary>A journal that has more than it hands out in order: whoever follows it lags behind.</summary>
internal sealed class LaggingJournal(IJournal inner, long last) : IJournal
{
    public Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        inner.AppendAsync(rows, positions, cancellation);

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) => inner.ReadStreamsAsync(streams, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        inner.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        inner.ReadPositionsAsync(places, cancellation);

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        [.. (await inner.ReadAfterAsync(position, limit, byteLimit, cancellation)).Where(row => row.Position <= last)];

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) => inner.ReadRowAsync(position, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => inner.LastPositionAsync(cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => inner.TryCommitAsync(cancellation);

    public async Task<long> WaitForMoreAsync(long position, CancellationToken cancellation)
    {
        await Task.Delay(Timeout.Infinite, cancellation);
        return last;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
