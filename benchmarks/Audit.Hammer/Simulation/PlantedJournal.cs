namespace Audit.Hammer.Simulation;

/// <summary>A journal with a planted defect.</summary>
/// <param name="last">The last position, as far as it is known.</param>
/// <param name="uncommitted">Rows that are being written, which nobody may see.</param>
internal sealed class PlantedJournal(
    IJournal journal, Func<long> last, List<JournalRow> uncommitted, Defect defect, Chance chance)
    : RelayedJournal(journal)
{
    /// <summary>Receives the last position that an append gave away.</summary>
    public Action<long> Appended { get; init; } = _ => { };

    /// <summary>Of so many commits that nobody is woken by one; 0 where that is done elsewhere.</summary>
    public int ForgetsOneOf { get; init; }

    /// <summary>How far a commit is behind its receipt, where that is the defect.</summary>
    public TimeSpan Behind { get; init; }

    public override async Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        await (defect switch
        {
            Defect.ReceiptBeforeCommit => ReplyAtOnce(rows, positions, cancellation),
            Defect.DroppedLastBatch when rows.Count > 1 && chance.Percent(30) =>
                DropAsync(rows, positions, cancellation),
            Defect.SealBeforeCommit => ShowEarlyAsync(rows, positions, cancellation),
            Defect.NoFence => AppendWhereverItStandsAsync(rows, positions, cancellation),
            Defect.LostWakeUp when ForgetsOneOf > 0 && rows.Count > 1 && chance.Below(ForgetsOneOf) == 0 =>
                AppendUnheardAsync(rows, positions, cancellation),
            _ => Inner.AppendAsync(rows, positions, cancellation),
        });
        Appended(positions.Span[..rows.Count].ToArray().Append(last()).Max());
    }

    public override async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        var rows = await Inner.ReadAfterAsync(position, limit, byteLimit, cancellation);
        var seen = rows.Count > 0 ? rows[^1].Position : position;
        return [.. rows, .. uncommitted.Where(row => row.Position > seen)];
    }

    public override async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        var read = await Inner.ReadStreamsAsync(streams, cancellation);
        // What proves nothing is passed over, and what a stream held before is not known any more.
        return defect == Defect.DuplicateAfterResend
            ? [.. read.Select(rows => rows.Select(row => row with { Message = row.Message[..^1] }).ToArray())]
            : read;
    }

    public override ValueTask DisposeAsync() => Inner.DisposeAsync();

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

        await Inner.AppendAsync(rows, new long[rows.Length], cancellation);
    }

    private async Task DropAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var kept = rows.TakeWhile(row => row.Stream != rows[^1].Stream).ToArray();
        await Inner.AppendAsync(kept, positions[..kept.Length], cancellation);
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
            await Inner.AppendAsync(rows, positions, cancellation);
        }
        finally
        {
            uncommitted.RemoveAll(early.Contains);
        }
    }

    /// <summary>It is written, and who waits for that is not woken.</summary>
    private async Task AppendUnheardAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        await Inner.AppendAsync(rows, positions, cancellation);
        await Task.Delay(Timeout.Infinite, cancellation);
    }

    /// <summary>What somebody else wrote meanwhile is not in the way: a stream goes on behind it.</summary>
    private async Task AppendWhereverItStandsAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
    {
        var handles = rows.Select(row => row.Stream).Distinct().Where(handle => !handle.Lost).ToArray();
        for (var open = handles; open.Length > 0;)
        {
            var streams = await Inner.ReadStreamsAsync([.. open.Select(handle => handle.Key)], cancellation);
            var again = open.Zip(streams).ToDictionary(
                pair => pair.First, pair => (Handle: new StreamHandle(pair.First.Key), Last: pair.Second.Count));
            var places = Enumerable.Range(0, rows.Count)
                .Where(index => again.ContainsKey(rows[index].Stream)).ToArray();
            var given = new long[places.Length];
            await Inner.AppendAsync([.. places.Select(MovedUp)], given, cancellation);
            for (var index = 0; index < places.Length; index++)
            {
                positions.Span[places[index]] = given[index];
            }

            open = [.. open.Where(handle => again[handle].Handle.Lost)];

            RowToAppend MovedUp(int place)
            {
                var row = rows[place];
                var (handle, last) = again[row.Stream];
                var before = rows.Take(place).Count(one => one.Stream == row.Stream);
                return row with { Stream = handle, Sequence = last + 1 + before };
            }
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
