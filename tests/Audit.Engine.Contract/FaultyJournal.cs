namespace Audit.Engine.Contract;

/// <summary>A journal that fails on demand: before it writes, or after, when the writer cannot know.</summary>
public sealed class FaultyJournal(IJournal inner, Func<Fault> next) : IJournal
{
    private readonly Lock gate = new();

    /// <summary>Asked before each append; the answer says how that one goes.</summary>
    public Func<Fault> Next { get; } = next;

    public async Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        Fault fault;
        lock (gate)
        {
            fault = Next();
        }

        if (fault == Fault.BeforeWriting)
        {
            throw new JournalUnavailableException("The connection broke before the write.");
        }

        await inner.AppendAsync(rows, positions, cancellation);
        if (fault == Fault.AfterWriting)
        {
            throw new JournalUnavailableException("The connection broke after the write.");
        }
    }

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) => inner.ReadStreamsAsync(streams, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        inner.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadAfterAsync(position, limit, byteLimit, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        inner.ReadPositionsAsync(places, cancellation);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        inner.ReadRowAsync(position, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => inner.LastPositionAsync(cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => inner.TryCommitAsync(cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        inner.WaitForMoreAsync(position, cancellation);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
