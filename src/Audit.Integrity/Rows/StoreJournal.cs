namespace Audit.Integrity.Rows;

/// <summary>The journal of a store for reading only, beside a node or without one.</summary>
internal sealed class StoreJournal(StoreLook look) : IJournal
{
    private const int RowsAtOnce = 50;

    private const string Select = $"SELECT {JournalTable.Columns} FROM journal WHERE";

    public Task AppendAsync(IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        throw new NotSupportedException("Whoever looks writes nothing.");

    public async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        var found = new List<IReadOnlyList<JournalRow>>();
        foreach (var stream in streams)
        {
            found.Add(await ReadStreamAsync(stream, 0, int.MaxValue, cancellation));
        }

        return found;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) => AskAsync(
        $"{Select} persistence_id = $1 AND sequence_number > $2 ORDER BY sequence_number LIMIT $3",
        [stream.ToString(), afterSequence, (long)limit], cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        throw new NotSupportedException("Nobody asks where events lie.");

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        var rows = new List<JournalRow>();
        var bytes = 0L;
        while (rows.Count < limit && bytes < byteLimit)
        {
            var next = await AskAsync(
                $"{Select} ordering > $1 ORDER BY ordering LIMIT $2",
                [position, (long)Math.Min(RowsAtOnce, limit - rows.Count)],
                cancellation);
            if (next.Count == 0)
            {
                break;
            }

            foreach (var row in next)
            {
                position = row.Position > position ? row.Position : throw new JournalUnavailableException(
                    $"The journal is damaged next to position {position}: behind it lies {row.Position}.", null,
                    JournalTrouble.Damaged);
            }

            rows.AddRange(next);
            bytes += next.Sum(row => (long)row.Message.Length);
        }

        return rows;
    }

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) => AskAsync(
        $"{Select} ordering < $1 ORDER BY ordering DESC LIMIT $2", [position, (long)Math.Min(RowsAtOnce, limit)],
        cancellation);

    public async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        (await AskAsync($"{Select} ordering = $1", [position], cancellation)).SingleOrDefault();

    public async Task<long> LastPositionAsync(CancellationToken cancellation) =>
        await ReadBeforeAsync(long.MaxValue, 1, 1, cancellation) is [var last] ? last.Position : 0;

    public Task TryCommitAsync(CancellationToken cancellation) =>
        throw new NotSupportedException("Whoever looks commits nothing.");

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        throw new NotSupportedException("Whoever looks waits for nothing.");

    public ValueTask DisposeAsync() => look.DisposeAsync();

    private async Task<IReadOnlyList<JournalRow>> AskAsync(
        string sql, object?[] values, CancellationToken cancellation) => await look.ReadAsync(
        session => session.QueryAsync(sql, values, new JournalRows().Read, cancellation), cancellation);
}
