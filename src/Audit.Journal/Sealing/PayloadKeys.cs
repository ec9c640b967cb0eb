using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Audit.Journal.Sealing;

/// <summary>
/// What an event needs to become a row of a store: the key of its payload, and the proof of who wrote it.
/// </summary>
public sealed record BookSeal(PayloadKeys Payloads, EventProof Proof);

/// <summary>
/// The keys of the payloads, one for each session (or window, or day of acts), from which each stream's is derived.
/// They lie in the store, sealed under the key file, and are durable before the first row that needs them. Who ends a
/// key ends the content under it; the rows stay as they are.
/// </summary>
public sealed class PayloadKeys
{
    private const int MostKept = 50_000;
    private const int AtOnce = 32;

    private const string AddSql =
        "INSERT INTO payload_keys (owner, key_id, wrapped) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

    private static readonly string FindSql =
        "SELECT owner, key_id, wrapped FROM payload_keys WHERE owner IN ("
        + string.Join(", ", Enumerable.Range(1, AtOnce).Select(index => $"${index}")) + ")";

    private readonly RowKeys keys;
    private readonly IStoreDatabase? database;
    private volatile ConcurrentDictionary<string, byte[]?> known = new(StringComparer.Ordinal);
    private volatile ConcurrentDictionary<string, byte[]?> older = new(StringComparer.Ordinal);

    /// <param name="database">Null where the keys follow from the key file alone: for tools and tests.</param>
    public PayloadKeys(RowKeys keys, IStoreDatabase? database)
    {
        this.keys = keys;
        this.database = database;
    }

    /// <summary>The key of a stream whose owner's is at hand.</summary>
    /// <returns>Null when the owner's key was ended.</returns>
    public bool TryGet(StreamKey stream, out byte[]? key)
    {
        var isKnown = TryGetOwner(StreamNames.PayloadOwner(stream.ToString()), out var ofOwner);
        key = ofOwner is null ? null : HMACSHA256.HashData(ofOwner, stream.Utf8.Span);
        return isKnown;
    }

    /// <summary>Makes sure that the owners of the streams have keys, and that these are durable and at hand.</summary>
    /// <exception cref="JournalUnavailableException">The store could not be reached.</exception>
    public Task EnsureAsync(IEnumerable<StreamKey> streams, CancellationToken cancellation)
    {
        var missing = Missing(streams.Select(stream => stream.ToString()));
        return missing.Length == 0 ? Task.CompletedTask
            : database is { } store
            ? KeepAsync(store.ChangeAsync(session => MakeAsync(session, missing, cancellation), cancellation))
            : MakeInMemory(missing);
    }

    /// <summary>Brings the keys of the streams to hand, as far as there are any.</summary>
    /// <exception cref="JournalUnavailableException">The store could not be reached.</exception>
    public Task LoadAsync(IEnumerable<string> streams, CancellationToken cancellation)
    {
        var missing = Missing(streams);
        return missing.Length == 0 || database is null
            ? Task.CompletedTask
            : KeepAsync(database.ReadAsync(session => FindAsync(session, missing, cancellation), cancellation));
    }

    /// <summary>Lets go of what is at hand: a key was ended, here or by another node.</summary>
    public void Forget()
    {
        older = new(StringComparer.Ordinal);
        known = new(StringComparer.Ordinal);
    }

    private string[] Missing(IEnumerable<string> streams)
    {
        if (known.Count > MostKept)
        {
            // What is asked for again comes over from the older ones, so that nothing goes that is in use.
            older = known;
            known = new(StringComparer.Ordinal);
        }

        // In one order on all nodes: those that meet the same sessions at once would wait for each other's rows for ever.
        return
        [
            .. streams.Select(StreamNames.PayloadOwner).Distinct().Where(owner => !TryGetOwner(owner, out _))
                .Order(StringComparer.Ordinal),
        ];
    }

    private bool TryGetOwner(string owner, out byte[]? key)
    {
        if (known.TryGetValue(owner, out key))
        {
            return true;
        }

        if (!older.TryGetValue(owner, out key))
        {
            return false;
        }

        known[owner] = key;
        return true;
    }

    // Not before the transaction has ended well: under a key that a failed commit took away rows would be sealed for ever.
    private async Task KeepAsync(Task<List<StoredKey>> found)
    {
        foreach (var (owner, id, wrapped) in await found)
        {
            known[owner] = wrapped is null ? null : keys.Unwrap(id, wrapped, Encoding.UTF8.GetBytes(owner));
        }
    }

    private async Task<List<StoredKey>> MakeAsync(IStoreSession session, string[] owners, CancellationToken cancellation)
    {
        // Of several nodes that meet a session at once one wins, so all take what is there afterwards.
        await session.ExecuteAllAsync(AddSql, owners.Select(Made), cancellation);
        return await FindAsync(session, owners, cancellation);
    }

    private IReadOnlyList<object?> Made(string owner) =>
    [
        owner, keys.Id,
        keys.Wrap(RandomNumberGenerator.GetBytes(RowKeys.KeyLength), Encoding.UTF8.GetBytes(owner)),
    ];

    private static async Task<List<StoredKey>> FindAsync(
        IStoreSession session, string[] owners, CancellationToken cancellation)
    {
        var found = new List<StoredKey>(owners.Length);
        foreach (var chunk in owners.Chunk(AtOnce))
        {
            // One statement serves every number of owners: the last one stands for those that are not there.
            var asked = new object?[AtOnce];
            Array.Fill(asked, chunk[^1]);
            chunk.CopyTo(asked, 0);
            found.AddRange(await session.QueryAsync(
                FindSql, asked, row => new StoredKey(row.Text(0), row.Text(1), row.BlobOrNull(2)), cancellation));
        }

        return found;
    }

    private Task MakeInMemory(string[] owners)
    {
        foreach (var owner in owners)
        {
            known.TryAdd(owner, keys.Derive(owner));
        }

        return Task.CompletedTask;
    }

    /// <param name="Wrapped">Null where the key was ended.</param>
    private sealed record StoredKey(string Owner, string Id, byte[]? Wrapped);
}
