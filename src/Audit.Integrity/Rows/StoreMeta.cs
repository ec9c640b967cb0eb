using Audit.Integrity.Entries;

namespace Audit.Integrity.Rows;

/// <summary>Reads what a store says of itself, beside a node or without one.</summary>
public static class StoreMeta
{
    private const string Sql = "SELECT value FROM meta WHERE key = $1";

    /// <summary>What the entries of a store are made with.</summary>
    /// <exception cref="StoreException">The store cannot be read, or it was not written with these keys.</exception>
    public static async Task<EntryKeys> EntryKeysAsync(string address, RowKeys keys, CancellationToken cancellation)
    {
        await using var look = new StoreLook(address);
        var id = await FindAsync(look, AuditStore.StoreId, cancellation);
        var check = await FindAsync(look, AuditStore.RowKeyId, cancellation);
        if (id is null || check is null || !AuditStore.CheckValue(keys, id).AsSpan().SequenceEqual(check))
        {
            throw new StoreException(
                $"The store was not written with the row key {keys.FirstId}: give the file that its first node made "
                + "(--row-key FILE).");
        }

        return new EntryKeys(keys.Derive("streams"), new EventProof(keys, id).Proves) { Rows = keys };
    }

    /// <summary>Opens the journal of a store for reading, with the content in the place of what is sealed.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<ReadBook> OpenBookAsync(string address, RowKeys keys, CancellationToken cancellation)
    {
        var look = new StoreLook(address);
        var id = await FindAsync(look, AuditStore.StoreId, cancellation)
            ?? throw new StoreException($"The store {address} has no id: no node ever wrote to it.");
        return new ReadBook(look, new PayloadKeys(keys, look), new EventProof(keys, id));
    }

    internal static Task<byte[]?> FindAsync(StoreLook look, string key, CancellationToken cancellation) =>
        look.ReadAsync(
            async session =>
                (await session.QueryAsync(Sql, [key], row => row.Blob(0), cancellation)).SingleOrDefault(),
            cancellation);
}

/// <summary>A store that is only read, beside a node or without one.</summary>
public sealed class ReadBook : IAsyncDisposable
{
    private readonly StoreLook look;

    internal ReadBook(StoreLook look, PayloadKeys payloads, EventProof proof)
    {
        this.look = look;
        Opened = new OpenedJournal(new StoreJournal(look), payloads, proof);
    }

    public IJournal Opened { get; }

    /// <summary>For tables beside the journal.</summary>
    public IStoreDatabase Database => look;

    public ValueTask DisposeAsync() => look.DisposeAsync();
}

/// <summary>
/// Puts questions to a store beside whoever reads its rows, over a few connections of its own that can only read:
/// what is made for reading is made anew from here too, and then several ask at once.
/// </summary>
internal sealed class StoreLook : IStoreDatabase, IAsyncDisposable
{
    private const int PlacesAtOnce = 64;

    // A row further on in the book does not stand before one: whoever fills a gap later fills none.
    private static readonly string BeforeSql =
        "WITH asked (n, id, sequence_number, ordering) AS (VALUES "
        + string.Join(", ", Enumerable.Range(0, PlacesAtOnce).Select(place =>
            $"(${4 * place + 1}, ${4 * place + 2}, ${4 * place + 3}, ${4 * place + 4})"))
        + ") SELECT a.n, (SELECT j.sequence_number FROM journal j WHERE j.persistence_id = a.id "
        + "AND j.sequence_number < a.sequence_number AND j.ordering < a.ordering "
        + "ORDER BY j.sequence_number DESC LIMIT 1) FROM asked a";

    private readonly SqliteReaders? file;
    private readonly PostgresPool? pool;

    /// <summary>What makes PostgreSQL compare texts by their bytes, as SQLite does, whatever its locale is.</summary>
    public string ByBytes => file is null ? " COLLATE \"C\"" : "";

    public StoreLook(string address)
    {
        var store = StoreAddress.Parse(address);
        if (store.IsSqlite)
        {
            file = new SqliteReaders(
                () => SqliteDatabase.OpenAnywhere(Path.GetFullPath(store.Place)),
                failure => new StoreException(
                    $"The store sqlite:{store.Place} cannot be read: {failure.Reason}.", failure));
        }
        else
        {
            // As a node asks: plans made of a small table, or of one that was never analyzed, must not scan all of it.
            var use = new PostgresUse("SET enable_seqscan = off; SET jit = off", (_, failure) => failure)
            {
                MostConnections = 2, ConnectSeconds = 30, ConnectTries = 3,
            };
            pool = new PostgresPool(store.Place, use);
        }
    }

    /// <summary>The last sequence number that each stream had before a row; 0 where it had none.</summary>
    public async Task<long[]> FindBeforeAsync(
        IReadOnlyList<(string Stream, long Sequence, long Position)> rows, CancellationToken cancellation)
    {
        var before = new long[rows.Count];
        for (var first = 0; first < rows.Count; first += PlacesAtOnce)
        {
            // One statement serves every number of rows: the last one stands for those that are not there.
            var asked = Enumerable.Range(first, PlacesAtOnce).Select(index => Math.Min(index, rows.Count - 1));
            object?[] values =
            [
                .. asked.SelectMany(index => new object?[]
                {
                    (long)index, rows[index].Stream, rows[index].Sequence, rows[index].Position,
                }),
            ];
            var found = await ReadAsync(
                session => session.QueryAsync(
                    BeforeSql, values, row => (Index: row.Number(0), Last: row.NumberOrNull(1)), cancellation),
                cancellation);
            foreach (var (index, last) in found)
            {
                before[index] = last ?? 0;
            }
        }

        return before;
    }

    /// <summary>
    /// Of some sessions those that the database's own function lets nobody cut for a hold, each with why: it knows the
    /// names of streams, and nothing of agents, tasks or times. A file has no such function.
    /// </summary>
    public async Task<IReadOnlyList<(string Owner, string Why)>> FindHeldAsync(
        IEnumerable<string> owners, CancellationToken cancellation) => file is not null ? [] : await ReadAsync(
        session => session.QueryAsync(
            """
            SELECT o.owner, h.why FROM unnest($1) AS o(owner), LATERAL journal_held_by(ARRAY[o.owner]) AS h(why)
            WHERE (SELECT journal_held_by($1)) IS NOT NULL AND h.why IS NOT NULL
            """,
            [owners.ToArray()], row => (row.Text(0), row.Text(1)), cancellation),
        cancellation);

    /// <summary>Whether it can have rows that were cut; a store of before cannot.</summary>
    public Task<bool> HasCutAsync(CancellationToken cancellation) => ReadAsync(
        async session => (await session.QueryAsync(
            JournalTable.HasCutSql, [], row => row.Number(0), cancellation))[0] > 0,
        cancellation);

    public Task<T> ReadAsync<T>(Func<IStoreSession, Task<T>> read, CancellationToken cancellation) =>
        file is null
            ? pool!.ReadAsync(read, cancellation)
            : file.RunAsync(database => read(new SqliteSession(database)), cancellation);

    public Task<T> ChangeAsync<T>(Func<IStoreSession, Task<T>> change, CancellationToken cancellation) =>
        throw new NotSupportedException("Whoever looks changes nothing.");

    public async ValueTask DisposeAsync()
    {
        await (file?.DisposeAsync() ?? default);
        await (pool?.DisposeAsync() ?? default);
    }
}

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

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) => look.ReadAsync(
        async session =>
            (await session.QueryAsync(JournalTable.HasCutSql, [], row => row.Number(0), cancellation))[0] > 0
            && (await session.QueryAsync(JournalTable.IsCutSql, [position], row => row.Number(0), cancellation))[0] > 0,
        cancellation);

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
