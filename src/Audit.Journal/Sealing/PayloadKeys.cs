using System.Buffers.Binary;
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
    private volatile ConcurrentDictionary<string, KeyRing?> known = new(StringComparer.Ordinal);
    private volatile ConcurrentDictionary<string, KeyRing?> older = new(StringComparer.Ordinal);
    private volatile int forgotten;

    /// <param name="database">Null where the keys follow from the key file alone: for tools and tests.</param>
    public PayloadKeys(RowKeys keys, IStoreDatabase? database)
    {
        this.keys = keys;
        this.database = database;
    }

    /// <summary>The key of a stream whose owner's is at hand.</summary>
    /// <param name="key">Null when the stream's key was ended, or its owner's.</param>
    public bool TryGet(StreamKey stream, out byte[]? key)
    {
        var isKnown = TryGetOwner(StreamNames.PayloadOwner(stream.ToString()), out var ring);
        key = ring?.KeyOf(stream);
        return isKnown;
    }

    /// <summary>Makes sure that the owners of the streams have keys, and that these are durable and at hand.</summary>
    /// <exception cref="JournalUnavailableException">The store could not be reached.</exception>
    public Task EnsureAsync(IEnumerable<StreamKey> streams, CancellationToken cancellation)
    {
        var missing = Missing(streams.Select(stream => stream.ToString()));
        return missing.Length == 0 ? Task.CompletedTask
            : database is { } store
            ? KeepAsync(() => store.ChangeAsync(session => MakeAsync(session, missing, cancellation), cancellation))
            : MakeInMemory(missing);
    }

    /// <summary>Brings the keys of the streams to hand, as far as there are any.</summary>
    /// <exception cref="JournalUnavailableException">The store could not be reached.</exception>
    public Task LoadAsync(IEnumerable<string> streams, CancellationToken cancellation)
    {
        var missing = Missing(streams);
        return missing.Length == 0 || database is null
            ? Task.CompletedTask
            : KeepAsync(() => database.ReadAsync(session => FindAsync(session, missing, cancellation), cancellation));
    }

    /// <summary>Another one each time that keys are let go of.</summary>
    public int Generation => forgotten;

    /// <summary>Lets go of what is at hand: a key was ended, here or by another node.</summary>
    public void Forget()
    {
        // Before and behind: who began in between begins anew, too.
        Interlocked.Increment(ref forgotten);
        older = new(StringComparer.Ordinal);
        known = new(StringComparer.Ordinal);
        Interlocked.Increment(ref forgotten);
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

    private bool TryGetOwner(string owner, out KeyRing? ring)
    {
        // In this order: what is carried over from the older ones is let go of with these.
        var (newest, before) = (known, older);
        if (newest.TryGetValue(owner, out ring))
        {
            return true;
        }

        if (!before.TryGetValue(owner, out ring))
        {
            return false;
        }

        newest[owner] = ring;
        return true;
    }

    /// <summary>
    /// Not before the transaction has ended well: under a key that a failed commit took away rows would be sealed for
    /// ever. What was read while keys were let go of may be from before their end, and is read again.
    /// </summary>
    private async Task KeepAsync(Func<Task<List<StoredKey>>> ask)
    {
        int before;
        do
        {
            before = forgotten;
            var into = known;
            foreach (var (owner, id, wrapped) in await ask())
            {
                into[owner] = KeyRing.Open(keys, owner, id, wrapped);
            }
        }
        while (before != forgotten);
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
            known.TryAdd(owner, KeyRing.Of(keys.Derive(owner)));
        }

        return Task.CompletedTask;
    }

    /// <param name="Wrapped">Null where the key was ended.</param>
    private sealed record StoredKey(string Owner, string Id, byte[]? Wrapped);
}

/// <summary>
/// What a session's row of keys holds: one key, from which each stream's is derived. Where the content of single calls
/// was erased, that key is gone: there are the keys of the other streams that were there then, and one for later ones.
/// Until what nodes began meanwhile with the earlier one has its keys too, that one is kept beside it.
/// </summary>
public sealed class KeyRing
{
    private const int NameLength = 16;
    private const byte Form = 1, Settling = byte.MaxValue;

    private readonly byte[] key;
    private readonly Dictionary<UInt128, byte[]?> own;
    private readonly KeyRing? earlier;

    private KeyRing(byte[] key, Dictionary<UInt128, byte[]?> own, KeyRing? earlier = null) =>
        (this.key, this.own, this.earlier) = (key, own, earlier);

    internal static KeyRing Of(byte[] key) => new(key, []);

    /// <returns>Null where it was ended, or does not open.</returns>
    public static KeyRing? Open(RowKeys keys, string owner, string id, byte[]? wrapped) =>
        wrapped is not null && keys.Unwrap(id, wrapped, Encoding.UTF8.GetBytes(owner)) is { } plain
            ? Read(plain) : null;

    public byte[] Wrap(RowKeys keys, string owner) => keys.Wrap(Bytes(), Encoding.UTF8.GetBytes(owner));

    /// <summary>Whether streams may have been begun with an earlier key.</summary>
    public bool IsSettling => earlier is not null;

    /// <returns>
    /// Null when it was ended. The first seals; of a stream that may have been begun while others were erased those
    /// follow that may open its first rows.
    /// </returns>
    public byte[]? KeyOf(StreamKey stream) =>
        own.Count > 0 && own.TryGetValue(NameOf(stream), out var kept) ? kept
            : earlier is null ? HMACSHA256.HashData(key, stream.Utf8.Span)
            : [.. HMACSHA256.HashData(key, stream.Utf8.Span), .. earlier.KeyOf(stream) ?? []];

    /// <summary>The same for all streams that are there but these.</summary>
    /// <returns>Null where it is so already.</returns>
    public KeyRing? Without(IEnumerable<string> streams, IEnumerable<string> ended)
    {
        var gone = ended.Select(stream => NameOf(new StreamKey(stream))).ToHashSet();
        if (gone.All(name => own.TryGetValue(name, out var kept) && kept is null))
        {
            return null;
        }

        var after = Naming(streams);
        foreach (var name in gone)
        {
            after[name] = null;
        }

        return new KeyRing(RandomNumberGenerator.GetBytes(RowKeys.KeyLength), after);
    }

    /// <summary>With the one that it replaces, for what is begun with that until all have let go of it.</summary>
    public KeyRing After(KeyRing replaced) => new(key, own, replaced);

    /// <summary>Another one for what is begun from now on, with this one until all have let go of it.</summary>
    public KeyRing Next() => Of(RandomNumberGenerator.GetBytes(RowKeys.KeyLength)).After(this);

    /// <summary>Whether it opens of these streams whatever another one does.</summary>
    public bool Opens(KeyRing other, IEnumerable<string> streams) => streams.Select(name => new StreamKey(name)).All(
        stream => KeyOf(stream)?.Chunk(RowKeys.KeyLength).ToList() is var mine && (other.KeyOf(stream) ?? [])
            .Chunk(RowKeys.KeyLength).All(key => mine?.Exists(one => one.AsSpan().SequenceEqual(key)) == true));

    /// <summary>With the keys that another has of streams of which this one says nothing.</summary>
    public KeyRing With(KeyRing other, IEnumerable<string> streams)
    {
        var named = new Dictionary<UInt128, byte[]?>(own);
        foreach (var stream in streams.Select(name => new StreamKey(name)))
        {
            named.TryAdd(NameOf(stream), other.KeyOf(stream));
        }

        return new KeyRing(key, named, earlier);
    }

    /// <summary>Without the one that it replaced: what was begun with that is there by now.</summary>
    public KeyRing Settled(IEnumerable<string> streams) => IsSettling ? new(key, Naming(streams)) : this;

    private Dictionary<UInt128, byte[]?> Naming(IEnumerable<string> streams)
    {
        var named = new Dictionary<UInt128, byte[]?>(own);
        foreach (var stream in streams.Select(name => new StreamKey(name)))
        {
            named[NameOf(stream)] = KeyOf(stream);
        }

        return named;
    }

    private static UInt128 NameOf(StreamKey stream) =>
        BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(stream.Utf8.Span));

    private static KeyRing Read(byte[] plain)
    {
        if (plain.Length == RowKeys.KeyLength)
        {
            return Of(plain);
        }

        var own = new Dictionary<UInt128, byte[]?>();
        KeyRing? earlier = null;
        var rest = plain.AsSpan(1 + RowKeys.KeyLength);
        while (!rest.IsEmpty)
        {
            // How many keys a stream has; none where it was ended.
            var (count, from) = (rest[NameLength], NameLength + 1);
            var end = count == Settling ? rest.Length : from + (count * RowKeys.KeyLength);
            if (count == Settling)
            {
                earlier = Read(rest[from..].ToArray());
            }
            else
            {
                own[BinaryPrimitives.ReadUInt128BigEndian(rest)] = count == 0 ? null : rest[from..end].ToArray();
            }

            rest = rest[end..];
        }

        return new KeyRing(plain[1..(1 + RowKeys.KeyLength)], own, earlier);
    }

    private byte[] Bytes()
    {
        if (own.Count == 0 && earlier is null)
        {
            return key;
        }

        var plain = new ArrayBufferWriter<byte>();
        plain.Write([Form]);
        plain.Write(key);
        foreach (var (name, kept) in own)
        {
            Add(name, checked((byte)((kept?.Length ?? 0) / RowKeys.KeyLength)), kept);
        }

        if (earlier is not null)
        {
            Add(0, Settling, earlier.Bytes());
        }

        return plain.WrittenSpan.ToArray();

        void Add(UInt128 name, byte count, byte[]? bytes)
        {
            BinaryPrimitives.WriteUInt128BigEndian(plain.GetSpan(NameLength), name);
            plain.Advance(NameLength);
            plain.Write([count]);
            plain.Write(bytes ?? []);
        }
    }
}
