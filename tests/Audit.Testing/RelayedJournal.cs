using Audit.Journal;

namespace Audit.Testing;

/// <summary>A journal that does what another does, but for what a test makes otherwise.</summary>
public abstract class RelayedJournal(IJournal inner) : IJournal
{
    protected IJournal Inner => inner;

    public virtual Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        inner.AppendAsync(rows, positions, cancellation);

    public virtual Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
        inner.ReadStreamsAsync(streams, cancellation);

    public virtual Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        inner.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        inner.ReadPositionsAsync(places, cancellation);

    public virtual Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadAfterAsync(position, limit, byteLimit, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        inner.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public virtual Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        inner.ReadRowAsync(position, cancellation);

    public virtual Task<bool> IsCutAsync(long position, CancellationToken cancellation) =>
        inner.IsCutAsync(position, cancellation);

    public virtual Task<long> LastPositionAsync(CancellationToken cancellation) =>
        inner.LastPositionAsync(cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => inner.TryCommitAsync(cancellation);

    public virtual Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        inner.WaitForMoreAsync(position, cancellation);

    /// <summary>The other one is left to whoever made it.</summary>
    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}
