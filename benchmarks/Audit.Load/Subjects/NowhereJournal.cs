namespace Audit.Load.Subjects;

/// <summary>A journal that numbers rows and forgets them, so that the engine's own cost can be seen.</summary>
internal sealed class NowhereJournal : IJournal
{
    private long last;

    public Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        foreach (ref var position in positions.Span[..rows.Count])
        {
            position = ++last;
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<IReadOnlyList<JournalRow>>>([.. streams.Select(_ => Array.Empty<JournalRow>())]);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) => Nothing();

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) => Nothing();

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) => Nothing();

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        Task.FromResult(new long[places.Count]);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        Task.FromResult<JournalRow?>(null);

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) => Task.FromResult(false);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => Task.FromResult(last);

    public Task TryCommitAsync(CancellationToken cancellation) => Task.CompletedTask;

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) => Task.FromResult(last);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Task<IReadOnlyList<JournalRow>> Nothing() => Task.FromResult<IReadOnlyList<JournalRow>>([]);
}
