namespace Audit.Journal.Sealing;

/// <summary>A row of keys as it stands after content was erased.</summary>
/// <param name="Wrapped">Null where all of it was ended.</param>
public sealed record EndedKey(string Owner, string KeyId, byte[]? Wrapped);

/// <summary>Ends keys in a store: of whole sessions, or of some of their streams.</summary>
public sealed class KeyEnding(IStoreDatabase database, RowKeys keys, bool isOnServer)
{
    /// <summary>Other nodes let go of a key within a second; until then they may begin streams with it.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(2.5);

    // Where nodes may not change the table, the owner's functions do it, and ask for the event.
    private readonly string end = isOnServer
        ? "SELECT journal_end_key($1)" : "UPDATE payload_keys SET wrapped = NULL WHERE owner = $1";

    private readonly string replace = isOnServer
        ? "SELECT journal_replace_key($1, $2, $3)"
        : "UPDATE payload_keys SET key_id = $2, wrapped = $3 WHERE owner = $1";

    private const string FindSql = "SELECT owner, key_id, wrapped FROM payload_keys WHERE owner = $1",
        StreamsSql = "SELECT DISTINCT persistence_id FROM journal WHERE persistence_id = $1 "
            + "OR (persistence_id >= $2 AND persistence_id < $3)";

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
            now.AddRange(await database.ReadAsync(session => FindAsync(session, owner, cancellation), cancellation));
        }

        return now;
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
        IStoreSession session, string owner, CancellationToken cancellation)
    {
        var (from, until) = StreamNames.CallsOf(owner);
        return session.QueryAsync(StreamsSql, [owner, from, until], row => row.Text(0), cancellation);
    }
}
