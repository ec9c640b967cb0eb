using Audit.Integrity.Entries;

namespace Audit.Integrity.Rows;

/// <summary>A row of a batch: its numbers, and where its bytes begin in the batch.</summary>
internal struct RowSlot
{
    public long Position;
    public long Sequence;
    public long Created;
    public int? Identifier;
    public bool Deleted;

    /// <summary>No node that has the store's row key wrote it as it is.</summary>
    public bool Unproven;

    /// <summary>Of the row there is only its entry, which stands in the place of the message.</summary>
    public bool IsEntry;

    /// <summary>It has a content that nobody can open.</summary>
    public bool IsClosed;

    /// <summary>The position of the event by which the row was cut, so that its entry alone is left; else 0.</summary>
    public long Disposal;
    public int Start;
    public int StreamLength;
    public int ManifestLength;
    public int MessageLength;
}

/// <summary>
/// Some rows that follow each other, with all their bytes in one array, and what was worked out of them. Batches are
/// used again and again, so that millions of rows leave no objects behind.
/// </summary>
/// <param name="most">Who wants no more rows than these is not kept from them by what lies behind.</param>
internal sealed class RowBatch(int most = RowBatch.MostRows)
{
    public const int MostRows = 1024;
    private const int EnoughBytes = 4 << 20;

    private readonly RowSlot[] slots = new RowSlot[MostRows];
    private readonly byte[] leaves = new byte[MostRows * TreeHash.Size];
    private readonly byte[] salts = new byte[MostRows * EntryKeys.SaltSize];
    private byte[] bytes = new byte[1 << 20];
    private int used;

    public int Count { get; private set; }

    public int Most => most;

    public bool IsFull => Count == most || used >= EnoughBytes;

    public ref readonly RowSlot this[int index] => ref slots[index];

    public ReadOnlySpan<byte> Stream(int index) => bytes.AsSpan(slots[index].Start, slots[index].StreamLength);

    public ReadOnlySpan<byte> Manifest(int index) =>
        bytes.AsSpan(slots[index].Start + slots[index].StreamLength, slots[index].ManifestLength);

    public ReadOnlySpan<byte> Message(int index) => MessageMemory(index).Span;

    public ReadOnlyMemory<byte> MessageMemory(int index) => bytes.AsMemory(
        slots[index].Start + slots[index].StreamLength + slots[index].ManifestLength, slots[index].MessageLength);

    /// <summary>Of the row's stream; what a row brings along is put here before the rows are hashed.</summary>
    public Span<byte> Salt(int index) => salts.AsSpan(index * EntryKeys.SaltSize, EntryKeys.SaltSize);

    public ReadOnlySpan<byte> Leaf(int index) => leaves.AsSpan(index * TreeHash.Size, TreeHash.Size);

    public void Clear()
    {
        Count = 0;
        used = 0;
    }

    /// <param name="row">With position, sequence, created, identifier, deleted, stream, manifest, message.</param>
    public void Add(IStoredRow row) => Take(row, disposal: 0);

    /// <param name="row">The same, and behind it the event by which it was cut, or 0.</param>
    public void AddWithCut(IStoredRow row) => Take(row, row.Number(8));

    private void Take(IStoredRow row, long disposal) => Take(
        new RowSlot
        {
            Position = row.Number(0),
            Sequence = row.Number(1),
            Created = row.Number(2),
            Identifier = (int?)row.NumberOrNull(3),
            Deleted = row.Flag(4),
            Disposal = disposal,
        },
        row.Bytes(5), row.Bytes(6), row.Bytes(7));

    /// <summary>Adds a row, or the entry of one that was cut: of that the hashes stand for the message.</summary>
    public void Take(
        in RowSlot row, ReadOnlySpan<byte> stream, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message)
    {
        // Of what has other than two hashes left no entry can be made, and its leaf is none that was sealed.
        if (row.Disposal == 0 || message.Length != 2 * TreeHash.Size)
        {
            Add(row with { IsEntry = row.Disposal != 0 }, stream, manifest, message);
            return;
        }

        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        var length = LogEntry.WriteOfHashes(row.Position, row.Sequence, row.Created, message, entry);
        Add(row with { IsEntry = true }, [], [], entry[..length]);
    }

    /// <param name="values">As the columns of a backup's journal have them.</param>
    public void AddJournalRow(object?[] values) => Add(
        new RowSlot
        {
            Position = (long)values[0]!,
            Sequence = (long)values[4]!,
            Created = (long)values[1]!,
            Identifier = (int?)(long?)values[7],
            Deleted = (long)values[2]! != 0,
        },
        Encoding.UTF8.GetBytes((string)values[3]!), Encoding.UTF8.GetBytes((string?)values[6] ?? ""),
        (byte[])values[5]!);

    /// <param name="row">The row's numbers; where its bytes lie is set here.</param>
    public void Add(
        in RowSlot row, ReadOnlySpan<byte> stream, ReadOnlySpan<byte> manifest, ReadOnlySpan<byte> message)
    {
        var start = used;
        Append(stream);
        Append(manifest);
        Append(message);
        slots[Count] = row with
        {
            Start = start,
            StreamLength = stream.Length,
            ManifestLength = manifest.Length,
            MessageLength = message.Length,
        };
        Count++;
    }

    public EntryFields Fields(int index)
    {
        ref readonly var row = ref slots[index];
        return new EntryFields
        {
            Position = row.Position,
            Stream = Stream(index),
            Salt = Salt(index),
            Sequence = row.Sequence,
            Created = row.Created,
            Manifest = Manifest(index),
            Message = Message(index),
            Identifier = row.Identifier,
            Deleted = row.Deleted,
            Unproven = row.Unproven,
        };
    }

    /// <summary>Hashes all rows.</summary>
    /// <param name="keys">Null where the rows came with their salts, and with whether they are proven.</param>
    public void Hash(EntryKeys? keys)
    {
        if (keys is not null)
        {
            Prepare(keys);
        }

        for (var i = 0; i < Count; i++)
        {
            var leaf = leaves.AsSpan(i * TreeHash.Size, TreeHash.Size);
            if (slots[i].IsEntry)
            {
                TreeHash.Leaf(Message(i), leaf);
            }
            else
            {
                LogEntry.HashLeaf(Fields(i), leaf);
            }
        }
    }

    /// <summary>Whether a node wrote the row, with a content of its own.</summary>
    public bool HasContent(int index) =>
        slots[index] is { IsEntry: false, Unproven: false, Identifier: JournalTable.SerializerId }
        && Payload.IsIn(Message(index));

    /// <summary>Nobody can open its content.</summary>
    public void Close(int index) => slots[index].IsClosed = true;

    /// <summary>That nobody can open it is in order: it was erased.</summary>
    public void Open(int index) => slots[index].IsClosed = false;

    /// <summary>The bytes of a row's entry.</summary>
    public byte[] Entry(int index)
    {
        if (slots[index].IsEntry)
        {
            return Message(index).ToArray();
        }

        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        return entry[..LogEntry.Write(Fields(index), entry)].ToArray();
    }

    // Rows of one stream often follow each other, and have the same salt.
    private void Prepare(EntryKeys keys)
    {
        for (var i = 0; i < Count; i++)
        {
            ref var row = ref slots[i];
            if (row.IsEntry)
            {
                continue;
            }

            if (i > 0 && Stream(i).SequenceEqual(Stream(i - 1)))
            {
                Salt(i - 1).CopyTo(Salt(i));
            }
            else
            {
                keys.Salt(Stream(i), Salt(i));
            }

            row.Unproven = !keys.Proves(Stream(i), row.Sequence, Manifest(i), Message(i));
        }
    }

    private void Append(ReadOnlySpan<byte> content)
    {
        if (bytes.Length - used < content.Length)
        {
            Array.Resize(ref bytes, checked(Math.Max(2 * bytes.Length, used + content.Length)));
        }

        content.CopyTo(bytes.AsSpan(used));
        used += content.Length;
    }
}

/// <summary>The rows of a journal as they lie there, in order of position and whatever they are.</summary>
internal interface IRowSource : IAsyncDisposable
{
    /// <summary>Goes on with the first row at a position or after it; a source begins at the very first.</summary>
    Task SeekAsync(long position, CancellationToken cancellation);

    /// <summary>Puts the next rows into an empty batch; none at the end.</summary>
    Task FillAsync(RowBatch batch, CancellationToken cancellation);

    /// <summary>Reads a few whole streams, each in order of sequence number.</summary>
    Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation);
}

/// <summary>Opens the rows of a store for reading only, beside a node or without one.</summary>
internal static class RowSource
{
    /// <param name="onlyGiven">
    /// Without rows behind the last position that the store gave, which are shown and never sealed.
    /// </param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    public static async Task<IRowSource> OpenAsync(
        string address, CancellationToken cancellation, bool onlyGiven = false)
    {
        var store = StoreAddress.Parse(address);
        return store.IsSqlite
            ? SqliteRowSource.Open(Path.GetFullPath(store.Place))
            : await PostgresRowSource.OpenAsync(store.Place, onlyGiven, cancellation);
    }
}
