namespace Audit.Hammer.Simulation;

/// <summary>A journal with a planted defect.</summary>
/// <param name="last">The last position, as far as it is known.</param>
/// <param name="uncommitted">Rows that are being written, which nobody may see.</param>
internal sealed class PlantedJournal(
    IJournal journal, Func<long> last, List<JournalRow> uncommitted, Defect defect, Chance chance) : IJournal
{
    /// <summary>Receives the last position that an append gave away.</summary>
    public Action<long> Appended { get; init; } = _ => { };

    /// <summary>How far a commit is behind its receipt, where that is the defect.</summary>
    public TimeSpan Behind { get; init; }

    public async Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        await (defect switch
        {
            Defect.ReceiptBeforeCommit => ReplyAtOnce(rows, positions, cancellation),
            Defect.DroppedLastBatch when rows.Count > 1 && chance.Percent(30) =>
                DropAsync(rows, positions, cancellation),
            Defect.SealBeforeCommit => ShowEarlyAsync(rows, positions, cancellation),
            _ => journal.AppendAsync(rows, positions, cancellation),
        });
        Appended(positions.Span[..rows.Count].ToArray().Append(last()).Max());
    }

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        var rows = await journal.ReadAfterAsync(position, limit, byteLimit, cancellation);
        var seen = rows.Count > 0 ? rows[^1].Position : position;
        return [.. rows, .. uncommitted.Where(row => row.Position > seen)];
    }

    public async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        var read = await journal.ReadStreamsAsync(streams, cancellation);
        // What proves nothing is passed over, and what a stream held before is not known any more.
        return defect == Defect.DuplicateAfterResend
            ? [.. read.Select(rows => rows.Select(row => row with { Message = row.Message[..^1] }).ToArray())]
            : read;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        journal.ReadStreamAsync(stream, afterSequence, limit, cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        journal.ReadPositionsAsync(places, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        journal.ReadBeforeAsync(position, limit, byteLimit, cancellation);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        journal.ReadRowAsync(position, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => journal.LastPositionAsync(cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => journal.TryCommitAsync(cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        journal.WaitForMoreAsync(position, cancellation);

    public ValueTask DisposeAsync() => journal.DisposeAsync();

    private Task ReplyAtOnce(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        Guess(positions.Span[..rows.Count]);
        _ = WriteBehindAsync(SimulatedJournal.Copied(rows), cancellation);
        return Task.CompletedTask;
    }

    private async Task WriteBehindAsync(RowToAppend[] rows, CancellationToken cancellation)
    {
        if (Behind > TimeSpan.Zero)
        {
            await Task.Delay(Behind, cancellation);
        }

        await journal.AppendAsync(rows, new long[rows.Length], cancellation);
    }

    private async Task DropAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var kept = rows.TakeWhile(row => row.Stream != rows[^1].Stream).ToArray();
        await journal.AppendAsync(kept, positions[..kept.Length], cancellation);
        Guess(positions.Span[kept.Length..rows.Count]);
    }

    private async Task ShowEarlyAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var position = last();
        var early = rows.Select(row => SimulatedStore.Stored(row, ++position)).ToArray();
        uncommitted.AddRange(early);
        try
        {
            await journal.AppendAsync(rows, positions, cancellation);
        }
        finally
        {
            uncommitted.RemoveAll(early.Contains);
        }
    }

    private void Guess(Span<long> positions)
    {
        var position = last();
        foreach (ref var guessed in positions)
        {
            guessed = ++position;
        }
    }
}
