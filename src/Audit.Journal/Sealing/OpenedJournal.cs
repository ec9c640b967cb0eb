namespace Audit.Journal.Sealing;

/// <summary>
/// The journal as those who may read it see it: with the content in the place of the sealed payloads. What has no key
/// any more is read without.
/// </summary>
/// <param name="recent">What need not be read, for it was written a moment ago; null where all is read.</param>
public sealed class OpenedJournal(IJournal stored, PayloadKeys keys, EventProof proof, RecentRows? recent = null)
    : IJournal
{
    private volatile Func<CancellationToken, Task>? damaged;

    public Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        stored.AppendAsync(rows, positions, cancellation);

    public async Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation)
    {
        var read = await SeenAsync(token => stored.ReadStreamsAsync(streams, token), cancellation);
        // The keys of all streams in one go, as their rows were read.
        return await WithKeysAsync(
            read.SelectMany(rows => rows), () => (IReadOnlyList<IReadOnlyList<JournalRow>>)[.. read.Select(Open)],
            cancellation);
    }

    public async Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation) =>
        await SeenPageAsync(token => stored.ReadStreamAsync(stream, afterSequence, limit, token), cancellation);

    public Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation) =>
        stored.ReadPositionsAsync(places, cancellation);

    public async Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation)
    {
        if (recent?.After(position, limit, byteLimit) is { Rows: { Count: > 0 } known, Bytes: var bytes })
        {
            // Behind them may be what others wrote; and the last of them must still stand as it was written, or the
            // store was set back under this process.
            var last = known[^1];
            var read = await SeenAsync(
                token => stored.ReadAfterAsync(
                    last.Position - 1, limit - known.Count + 1, Math.Max(byteLimit - bytes, 0) + last.Message.Length,
                    token),
                cancellation);
            if (read.Count > 0 && read[0].Position == last.Position
                && read[0].Message.AsSpan().SequenceEqual(last.Stored))
            {
                return read.Count == 1 ? known : [.. known, .. await OpenAsync([.. read.Skip(1)], cancellation)];
            }

            recent.Forget();
        }

        return await SeenPageAsync(
            token => stored.ReadAfterAsync(position, limit, byteLimit, token), cancellation);
    }

    public async Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        await SeenPageAsync(token => stored.ReadBeforeAsync(position, limit, byteLimit, token), cancellation);

    public async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        await SeenAsync(token => stored.ReadRowAsync(position, token), cancellation) is { } row
            ? (await OpenAsync([row], cancellation))[0]
            : null;

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) =>
        stored.IsCutAsync(position, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) => stored.LastPositionAsync(cancellation);

    /// <remarks>Nor is a journal whole that could not be read; what was in the way is tried again.</remarks>
    public async Task TryCommitAsync(CancellationToken cancellation)
    {
        if (damaged is { } again)
        {
            await again(cancellation);
            damaged = null;
        }

        await stored.TryCommitAsync(cancellation);
    }

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        stored.WaitForMoreAsync(position, cancellation);

    /// <summary>Who opened the stored journal closes it.</summary>
    public ValueTask DisposeAsync() => default;

    private async Task<IReadOnlyList<JournalRow>> SeenPageAsync(
        Func<CancellationToken, Task<IReadOnlyList<JournalRow>>> read, CancellationToken cancellation) =>
        await OpenAsync(await SeenAsync(read, cancellation), cancellation);

    private async Task<T> SeenAsync<T>(Func<CancellationToken, Task<T>> read, CancellationToken cancellation)
    {
        try
        {
            return await read(cancellation);
        }
        catch (JournalUnavailableException failure) when (failure.Trouble == JournalTrouble.Damaged)
        {
            damaged = read;
            throw;
        }
    }

    private async Task<IReadOnlyList<JournalRow>> OpenAsync(
        IReadOnlyList<JournalRow> rows, CancellationToken cancellation) =>
        await WithKeysAsync(rows, () => Open(rows), cancellation);

    /// <summary>
    /// While an erasure is carried out keys are let go of each second: rows that were opened meanwhile may only seem to
    /// have none.
    /// </summary>
    private async Task<T> WithKeysAsync<T>(
        IEnumerable<JournalRow> rows, Func<T> open, CancellationToken cancellation)
    {
        while (true)
        {
            var generation = keys.Generation;
            await keys.LoadAsync(rows.Select(row => row.PersistenceId), cancellation);
            var opened = open();
            if (generation == keys.Generation)
            {
                return opened;
            }
        }
    }

    /// <summary>Opens rows whose keys are at hand.</summary>
    private IReadOnlyList<JournalRow> Open(IReadOnlyList<JournalRow> rows)
    {
        var opened = new JournalRow[rows.Count];
        var stream = "";
        byte[]? key = null;
        var isThere = false;
        for (var index = 0; index < opened.Length; index++)
        {
            var row = rows[index];
            if (row.PersistenceId != stream)
            {
                stream = row.PersistenceId;
                isThere = keys.TryGet(new StreamKey(stream), out key);
            }

            opened[index] = proof.Proves(row) ? Open(row, key, isThere) : row with { IsProven = false };
        }

        return opened;
    }

    private static JournalRow Open(JournalRow row, byte[]? key, bool isThere)
    {
        var opened = row with
        {
            Stored = row.Message,
            Message = Payload.Open(row, EventNames.PayloadMember(row.Manifest), key, out var isClosed),
        };
        return !isClosed ? opened : opened with
        {
            Unopened = key is not null ? "the key of its stream does not open it"
                : isThere
                    ? "the key of its stream was ended or cannot be unwrapped: audit verify says whether it was erased"
                : "the key of its stream is missing from the table payload_keys, and no erasure is in the book",
        };
    }
}

/// <summary>
/// The newest rows that this process wrote, as they are read: those that follow the journal need not open what was
/// sealed a moment ago. No other row lies between two of them. Where keys were let go of meanwhile nothing is kept:
/// who reads the store learns what may still be opened. Nor is anything kept for longer than a minute, for what is
/// older may have been cut.
/// </summary>
public sealed class RecentRows(PayloadKeys keys, TimeProvider clock)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private const int MostRows = 1 << 12;
    private const long MostBytes = 8 << 20;

    private readonly Lock gate = new();
    private readonly JournalRow?[] rows = new JournalRow?[MostRows];
    private readonly long[] keptAt = new long[MostRows];
    private int generation;

    // The positions of those that are kept: from the first up to the next one, each in its place of the ring.
    private long first = 1;
    private long next = 1;
    private long bytes;

    /// <summary>Keeps what was committed.</summary>
    /// <param name="positions">Of each row; 0 for one that was not written.</param>
    public void Keep(IReadOnlyList<RowToAppend> written, ReadOnlySpan<long> positions)
    {
        lock (gate)
        {
            LetGoOfOld();
            for (var index = 0; index < written.Count; index++)
            {
                if (positions[index] > 0)
                {
                    Keep(written[index], positions[index]);
                }
            }
        }
    }

    /// <summary>Keeps nothing of what it has: the store has other rows.</summary>
    public void Forget()
    {
        lock (gate)
        {
            Clear(next);
        }
    }

    /// <returns>
    /// The rows after a position, and the bytes of their messages; none where something may lie between it and them.
    /// </returns>
    public (IReadOnlyList<JournalRow> Rows, long Bytes) After(long position, int limit, long byteLimit)
    {
        lock (gate)
        {
            LetGoOfOld();
            while (first < next && clock.GetElapsedTime(keptAt[first % MostRows]) > Longest)
            {
                LetGoOfFirst();
            }

            var found = new List<JournalRow>();
            var length = 0L;
            for (var at = position + 1;
                at >= first && at < next && found.Count < limit && (length < byteLimit || found.Count == 0); at++)
            {
                found.Add(rows[at % MostRows]!);
                length += found[^1].Message.Length;
            }

            // Somebody may have let go of keys in this moment.
            return generation == keys.Generation ? (found, length) : ([], 0);
        }
    }

    private void Keep(in RowToAppend row, long position)
    {
        var isKnown = !row.Opened.IsEmpty || !Payload.IsIn(row.Message.Span);
        if (position != next)
        {
            Clear(position);
        }

        // A stream that was begun under keys that were let go of may seal with one that was ended.
        if (!isKnown || row.Stream.KeysOf != generation)
        {
            Clear(position + 1);
            return;
        }

        var stored = row.Message.ToArray();
        var kept = new JournalRow(
            position, row.Stream.Key.ToString(), row.Sequence, row.CreatedTicks, row.Manifest,
            row.Opened.IsEmpty ? stored : row.Opened.ToArray()) { Stored = stored };
        bytes += BytesOf(kept);
        while (first < next && (next - first == MostRows || bytes > MostBytes))
        {
            LetGoOfFirst();
        }

        keptAt[next % MostRows] = clock.GetTimestamp();
        rows[next++ % MostRows] = kept;
    }

    private void LetGoOfFirst()
    {
        ref var oldest = ref rows[first++ % MostRows];
        bytes -= BytesOf(oldest!);
        oldest = null;
    }

    private void LetGoOfOld()
    {
        if (generation != keys.Generation)
        {
            Clear(next);
            generation = keys.Generation;
        }
    }

    private void Clear(long from)
    {
        if (first < next)
        {
            Array.Clear(rows);
        }

        (first, next, bytes) = (from, from, 0);
    }

    private static long BytesOf(JournalRow row) => row.Message.Length + row.Stored!.Length + 200;
}
