namespace Audit.Projections.Tests;

/// <summary>A journal that ends earlier than it did, as a restored backup does, or says something else than it did.</summary>
internal sealed class JournalUpTo(IJournal inner, long last) : IJournal
{
    public bool Falsify { get; set; }

    public Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        inner.AppendAsync(rows, positions, cancellation);

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) => inner.ReadStreamsAsync(streams, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        inner.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        [.. (await inner.ReadAfterAsync(position, limit, byteLimit, cancellation)).Where(row => row.Position <= last).Select(Given)];

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        inner.ReadPositionsAsync(places, cancellation);

    public async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        position <= last && await inner.ReadRowAsync(position, cancellation) is { } row ? Given(row) : null;

    public async Task<long> LastPositionAsync(CancellationToken cancellation) =>
        Math.Min(last, await inner.LastPositionAsync(cancellation));

    public Task TryCommitAsync(CancellationToken cancellation) => inner.TryCommitAsync(cancellation);

    public async Task<long> WaitForMoreAsync(long position, CancellationToken cancellation)
    {
        if (position >= last)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
        }

        return await inner.WaitForMoreAsync(position, cancellation);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private JournalRow Given(JournalRow row) => Falsify ? row with { CreatedTicks = row.CreatedTicks + 1 } : row;
}
