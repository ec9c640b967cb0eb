namespace Audit.Journal.Sealing;

/// <summary>
/// The journal as those who may read it see it: with the content in the place of the sealed payloads. What has no key
/// any more is read without.
/// </summary>
public sealed class OpenedJournal(IJournal stored, PayloadKeys keys, EventProof proof) : IJournal
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
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        await SeenPageAsync(token => stored.ReadAfterAsync(position, limit, byteLimit, token), cancellation);

    public async Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        await SeenPageAsync(token => stored.ReadBeforeAsync(position, limit, byteLimit, token), cancellation);

    public async Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        await SeenAsync(token => stored.ReadRowAsync(position, token), cancellation) is { } row
            ? (await OpenAsync([row], cancellation))[0]
            : null;

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
