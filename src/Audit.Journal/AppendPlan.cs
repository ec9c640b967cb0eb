using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace Audit.Journal;

/// <summary>
/// Which rows of an append are to be written, and what each stream must end with before. It is made once an append's
/// turn has come, so that a handle that was lost in the append before is known. One plan serves all appends of a writer
/// in turn.
/// </summary>
internal sealed class AppendPlan
{
    public const int LongestPersistenceId = 255;
    public const int LongestManifest = 500;

    private readonly Dictionary<StreamKey, int> indexOfKey = [];
    private readonly List<StreamInAppend> streams = [];
    private int[] streamOfRow = [];

    /// <summary>How many rows are to be written.</summary>
    public int RowsToWrite { get; private set; }

    public Span<StreamInAppend> Streams => CollectionsMarshal.AsSpan(streams);

    /// <summary>The index of the row's stream, or -1 for a row that is to be skipped.</summary>
    public int StreamOf(int row) => streamOfRow[row];

    /// <exception cref="ArgumentException">The rows are not what a writer may ask for; nothing was written.</exception>
    public void Make(IReadOnlyList<RowToAppend> rows)
    {
        indexOfKey.Clear();
        streams.Clear();
        RowsToWrite = 0;
        if (streamOfRow.Length < rows.Count)
        {
            streamOfRow = new int[Math.Max(rows.Count, 2 * streamOfRow.Length)];
        }

        StreamHandle? before = null;
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            // Rows of one stream mostly follow each other, which saves the look-up.
            var stream = ReferenceEquals(row.Stream, before) ? streamOfRow[i - 1] : IndexOf(row);
            before = row.Stream;
            streamOfRow[i] = stream;
            if (stream < 0)
            {
                continue;
            }

            Follow(row, ref Streams[stream]);
            RowsToWrite++;
        }
    }

    /// <summary>To be called after the commit.</summary>
    public void Written(object connection)
    {
        foreach (ref readonly var stream in Streams)
        {
            if (!stream.Handle.Lost)
            {
                stream.Handle.Wrote(connection, stream.Last);
            }
        }
    }

    private int IndexOf(in RowToAppend row)
    {
        if (indexOfKey.TryGetValue(row.Stream.Key, out var index))
        {
            if (ReferenceEquals(streams[index].Handle, row.Stream))
            {
                return index;
            }
            // Of two holds on one stream in one append the first wins: the second decided without knowing its rows.
            row.Stream.Lose();
            return -1;
        }
        if (row.Stream.Lost)
        {
            return -1;
        }

        CheckKey(row.Stream.Key);
        index = streams.Count;
        streams.Add(new StreamInAppend(row.Stream, row.Sequence - 1));
        indexOfKey.Add(row.Stream.Key, index);
        return index;
    }

    private static void Follow(in RowToAppend row, ref StreamInAppend stream)
    {
        if (row.Sequence < 1 || row.Sequence != stream.Last + 1)
        {
            throw new ArgumentException(
                $"The stream {row.Stream.Key} cannot go from sequence number {stream.Last} to {row.Sequence}.",
                nameof(row));
        }
        if (row.Manifest.Length is 0 or > LongestManifest)
        {
            throw new ArgumentException(
                $"The manifest \"{row.Manifest}\" is empty or longer than {LongestManifest}.", nameof(row));
        }

        stream.Last = row.Sequence;
    }

    // What only one of the databases would take is refused for both, before anything is sent.
    private static void CheckKey(StreamKey key)
    {
        var id = key.Utf8.Span;
        if (id.IsEmpty || id.Contains((byte)0) || !Utf8.IsValid(id))
        {
            throw new ArgumentException(
                $"The persistence id \"{key}\" is empty, not UTF-8 or has a zero in it.", nameof(key));
        }

        if (id.Length > LongestPersistenceId && Characters(id) > LongestPersistenceId)
        {
            throw new ArgumentException(
                $"The persistence id \"{key}\" is longer than {LongestPersistenceId}.", nameof(key));
        }
    }

    private static int Characters(ReadOnlySpan<byte> utf8)
    {
        var count = 0;
        foreach (var unit in utf8)
        {
            count += (unit & 0xC0) == 0x80 ? 0 : 1;
        }

        return count;
    }
}

/// <summary>What one append wants of one stream: rows after <see cref="Expected"/> up to <see cref="Last"/>.</summary>
internal struct StreamInAppend(StreamHandle handle, long expected)
{
    public readonly StreamHandle Handle = handle;

    public readonly long Expected = expected;

    public long Last = expected;

    public bool Refused;
}
