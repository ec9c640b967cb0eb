using System.Diagnostics;

namespace Audit.Journal.Sealing;

/// <summary>A row of keys as it stands after content was erased.</summary>
/// <param name="Wrapped">Null where all of it was ended.</param>
public sealed record EndedKey(string Owner, string KeyId, byte[]? Wrapped)
{
    /// <summary>Streams of it that were cut from the journal: what is elsewhere of them has keys of its own.</summary>
    public IReadOnlyList<string> Cut { get; init; } = [];
}

/// <summary>Ends keys in a store: of whole sessions, of some of their streams, or of what was cut of them.</summary>
public sealed class KeyEnding(IStoreDatabase database, RowKeys keys, bool isOnServer)
{
    /// <summary>Other nodes let go of a key within a second; until then they may begin streams with it.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2.5);

    /// <summary>So many keys of what was cut go in one go: as long as that takes nobody else writes.</summary>
    private const int RetiredAtOnce = 50, StreamsAtOnce = 500, RangesAtOnce = 32;

    private static readonly string FindCutSql = "SELECT disposal FROM journal_cut_stream WHERE "
        + string.Join(" OR ", Enumerable.Range(0, RangesAtOnce).Select(range =>
            $"(persistence_id >= ${2 * range + 1} AND persistence_id < ${2 * range + 2})"))
        + " ORDER BY disposal DESC LIMIT 1";

    // Where nodes may not change the table, the owner's functions do it, and ask for the event.
    private readonly string end = isOnServer
        ? "SELECT journal_end_key($1)" : "UPDATE payload_keys SET wrapped = NULL WHERE owner = $1";

    private readonly string replace = isOnServer
        ? "SELECT journal_replace_key($1, $2, $3)"
        : "UPDATE payload_keys SET key_id = $2, wrapped = $3 WHERE owner = $1";

    private const string FindSql = "SELECT owner, key_id, wrapped FROM payload_keys WHERE owner = $1",
        StreamsSql = "SELECT DISTINCT persistence_id FROM journal WHERE persistence_id = $1 "
            + "OR (persistence_id >= $2 AND persistence_id < $3)",
        CutSql = "SELECT persistence_id FROM journal_cut_stream WHERE persistence_id = $1 "
            + "OR (persistence_id >= $2 AND persistence_id < $3)",
        CutBySql = "SELECT persistence_id FROM journal_cut_stream WHERE disposal = $1 AND persistence_id > $2 "
            + "ORDER BY persistence_id LIMIT $3";

    /// <summary>It may be broken off and done again; what is begun meanwhile keeps its content.</summary>
    /// <param name="ended">Owners of keys, each with its streams whose content is erased; null for all.</param>
    /// <param name="forget">Lets go of what this node has at hand.</param>
    public async Task<IReadOnlyList<EndedKey>> EndAsync(
        IReadOnlyDictionary<string, IReadOnlyCollection<string>?> ended, Action forget, CancellationToken cancellation)
    {
        var settling = new List<string>();
        foreach (var (owner, streams) in ended)
        {
            if (await database.ChangeAsync(session => EndAsync(session, owner, streams, cancellation), cancellation))
            {
                settling.Add(owner);
            }

            forget();
        }

        if (settling.Count > 0)
        {
            await Task.Delay(Settling, cancellation);
            foreach (var owner in settling)
            {
                await database.ChangeAsync(session => SettleAsync(session, owner, cancellation), cancellation);
                forget();
            }
        }

        return await FindAsync(ended.Keys, cancellation);
    }

    public async Task<IReadOnlyList<EndedKey>> FindAsync(IEnumerable<string> owners, CancellationToken cancellation)
    {
        var now = new List<EndedKey>();
        foreach (var owner in owners)
        {
            var cut = await database.ReadAsync(session => CutStreamsAsync(session, owner, cancellation), cancellation);
            var rows = await database.ReadAsync(session => FindAsync(session, owner, cancellation), cancellation);
            now.AddRange(rows.Select(row => row with { Cut = cut }));
        }

        return now;
    }

    /// <summary>
    /// Ends the keys of the sessions of which rows were cut. What goes on of them has another one; what a node began
    /// meanwhile with the earlier one keeps its content. It may be broken off and done again.
    /// </summary>
    /// <param name="disposal">The event by which they were cut.</param>
    public async Task RetireAsync(long disposal, Action forget, CancellationToken cancellation)
    {
        var owners = new HashSet<string>();
        for (var after = ""; ;)
        {
            var streams = await database.ReadAsync(
                session => session.QueryAsync(
                    CutBySql, [disposal, after, (long)StreamsAtOnce], row => row.Text(0), cancellation),
                cancellation);
            owners.UnionWith(streams.Select(StreamNames.PayloadOwner));
            if (streams.Count < StreamsAtOnce)
            {
                break;
            }

            after = streams[^1];
        }

        var written = new Dictionary<string, byte[]>();
        await InTurnsAsync(owners, async (session, owner) =>
        {
            if (await OpenAsync(session, owner, cancellation) is { } ring)
            {
                written[owner] = ring.Next().Wrap(keys, owner);
                await session.ExecuteAsync(replace, [owner, keys.Id, written[owner]], cancellation);
            }
        });
        forget();
        await Task.Delay(Settling, cancellation);
        await InTurnsAsync(written.Keys, async (session, owner) =>
        {
            // An erasure that came between has begun anew, and settles what it wrote itself.
            if (await FindAsync(session, owner, cancellation) is [{ Wrapped: { } now } row]
                && now.AsSpan().SequenceEqual(written[owner]))
            {
                var after = KeyRing.Open(keys, owner, row.KeyId, now)!
                    .Settled(await StreamsAsync(session, owner, cancellation));
                await session.ExecuteAsync(replace, [owner, keys.Id, after.Wrap(keys, owner)], cancellation);
            }
        });
        forget();

        async Task InTurnsAsync(IEnumerable<string> all, Func<IStoreSession, string, Task> change)
        {
            foreach (var chunk in all.Chunk(RetiredAtOnce))
            {
                var clock = Stopwatch.StartNew();
                await database.ChangeAsync(
                    async session =>
                    {
                        await TakeTurnAsync(session, cancellation);
                        foreach (var owner in chunk)
                        {
                            await change(session, owner);
                        }

                        return true;
                    },
                    cancellation);
                var rest = Math.Min(3 * clock.ElapsedMilliseconds, 1_000);
                await Task.Delay(TimeSpan.FromMilliseconds(rest), cancellation);
            }
        }
    }

    /// <returns>Whether streams may be begun with what was replaced, and are to keep their keys.</returns>
    private async Task<bool> EndAsync(
        IStoreSession session, string owner, IReadOnlyCollection<string>? streams, CancellationToken cancellation)
    {
        if (streams is null)
        {
            await session.ExecuteAsync(end, [owner], cancellation);
            return false;
        }

        await TakeTurnAsync(session, cancellation);
        if (await OpenAsync(session, owner, cancellation) is not { } ring)
        {
            return false;
        }

        if (ring.Without(await StreamsAsync(session, owner, cancellation), streams) is not { } after)
        {
            return ring.IsSettling;
        }

        await session.ExecuteAsync(replace, [owner, keys.Id, after.After(ring).Wrap(keys, owner)], cancellation);
        return true;
    }

    /// <summary>Streams that a node began meanwhile with the key that was ended keep theirs.</summary>
    private async Task<bool> SettleAsync(IStoreSession session, string owner, CancellationToken cancellation)
    {
        await TakeTurnAsync(session, cancellation);
        if (await OpenAsync(session, owner, cancellation) is not { IsSettling: true } ring)
        {
            return false;
        }

        var after = ring.Settled(await StreamsAsync(session, owner, cancellation));
        await session.ExecuteAsync(replace, [owner, keys.Id, after.Wrap(keys, owner)], cancellation);
        return true;
    }

    private async Task<KeyRing?> OpenAsync(IStoreSession session, string owner, CancellationToken cancellation) =>
        await FindAsync(session, owner, cancellation) is [var row]
            ? KeyRing.Open(keys, owner, row.KeyId, row.Wrapped) : null;

    /// <summary>Nobody appends until the transaction has ended; a file has one writer anyhow.</summary>
    private async Task TakeTurnAsync(IStoreSession session, CancellationToken cancellation)
    {
        if (isOnServer)
        {
            await session.RunScriptAsync(AdvisoryLock.JournalAppend.TakeForTransactionSql(), cancellation);
        }
    }

    private static Task<List<EndedKey>> FindAsync(
        IStoreSession session, string owner, CancellationToken cancellation) => session.QueryAsync(
        FindSql, [owner], row => new EndedKey(row.Text(0), row.Text(1), row.BlobOrNull(2)), cancellation);

    /// <summary>The streams that are sealed under a session's key.</summary>
    public static Task<List<string>> StreamsAsync(
        IStoreSession session, string owner, CancellationToken cancellation) =>
        AskAsync(StreamsSql, session, owner, cancellation);

    /// <summary>The streams of a session that were cut from the journal; an older store knows of none.</summary>
    public static async Task<List<string>> CutStreamsAsync(
        IStoreSession session, string owner, CancellationToken cancellation) =>
        (await session.QueryAsync(JournalTable.HasCutSql, [], row => row.Number(0), cancellation))[0] == 0 ? []
        : await AskAsync(CutSql, session, owner, cancellation);

    public static async Task<List<string>> AllStreamsAsync(
        IStoreSession session, string owner, CancellationToken cancellation) =>
        [
            .. await StreamsAsync(session, owner, cancellation),
            .. await CutStreamsAsync(session, owner, cancellation),
        ];

    /// <summary>What is left of the rows that were cut by an event.</summary>
    public static Task<List<CutRow>> CutRowsAsync(
        IStoreSession session, long disposal, CancellationToken cancellation) => session.QueryAsync(
        "SELECT ordering, sequence_number, created, hashes FROM journal_cut WHERE disposal = $1 ORDER BY 1",
        [disposal], row => new CutRow(row.Number(0), row.Number(1), row.Number(2), row.Blob(3)), cancellation);

    /// <summary>
    /// The position of the event by which a stream was cut whose name lies in one of these ranges, each from its first
    /// name until before its end; null where none was.
    /// </summary>
    public static async Task<long?> FindCutAsync(
        IStoreDatabase database, IEnumerable<(string First, string End)> ranges, CancellationToken cancellation)
    {
        foreach (var some in ranges.Chunk(RangesAtOnce))
        {
            // One statement serves every number of them: the last one stands for those that are not there.
            object?[] values = [.. Enumerable.Range(0, RangesAtOnce)
                .Select(index => some[Math.Min(index, some.Length - 1)])
                .SelectMany(range => new[] { range.First, range.End })];
            if (await database.ReadAsync(
                session => session.QueryAsync(FindCutSql, values, row => row.Number(0), cancellation), cancellation)
                is [var position])
            {
                return position;
            }
        }

        return null;
    }

    private static Task<List<string>> AskAsync(
        string sql, IStoreSession session, string owner, CancellationToken cancellation)
    {
        var (from, until) = StreamNames.CallsOf(owner);
        return session.QueryAsync(sql, [owner, from, until], row => row.Text(0), cancellation);
    }
}
