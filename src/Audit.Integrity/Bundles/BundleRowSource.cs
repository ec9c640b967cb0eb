using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Bundles;

/// <summary>The rows of a bundle; where it has some rows only, the entries of the others in their place.</summary>
internal sealed class BundleRowSource : IRowSource
{
    private const int LongestLine = 1 << 28;

    private readonly ZipArchive files;
    private readonly ZipArchiveEntry rows;
    private readonly long size;
    private readonly IReadOnlyDictionary<long, long> cut;
    private readonly IAsyncEnumerator<BundleRow> all;
    private byte[][] entries = [];
    private long tile = -1;
    private long next;
    private BundleRow? read;

    /// <param name="size">How many entries the log has; null where all rows are there.</param>
    /// <param name="cut">By which event an entry was cut from the journal, as the bundle says.</param>
    public BundleRowSource(
        ZipArchive files, ZipArchiveEntry rows, long? size, IReadOnlyDictionary<long, long> cut)
    {
        this.cut = cut;
        this.files = files;
        this.rows = rows;
        this.size = size ?? 0;
        all = ReadAsync(rows.Open()).GetAsyncEnumerator();
    }

    public Task SeekAsync(long position, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is read from its beginning to its end.");

    public async Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        while (!batch.IsFull)
        {
            cancellation.ThrowIfCancellationRequested();
            if (read is null && await all.MoveNextAsync())
            {
                read = all.Current;
            }

            if (next < size && read?.Index != next)
            {
                AddEntry(batch, Entry(next), cut.GetValueOrDefault(next));
            }
            else if (read is not null)
            {
                Add(batch, read);
                read = null;
            }
            else
            {
                return;
            }

            next++;
        }
    }

    // A bundle knows no streams, so it is gone through once more; that is asked for few calls, and once.
    public async Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation)
    {
        var wanted = streams.ToHashSet(StringComparer.Ordinal);
        return await ReadAsync(rows.Open())
            .Select(row => row.Row)
            .Where(row => wanted.Contains(row.PersistenceId))
            .ToListAsync(cancellation);
    }

    public ValueTask DisposeAsync() => all.DisposeAsync();

    private static void Add(RowBatch batch, BundleRow row)
    {
        var slot = new RowSlot
        {
            Position = row.Row.Position,
            Sequence = row.Row.Sequence,
            Created = row.Row.CreatedTicks,
            Identifier = row.Row.Identifier,
            Deleted = row.Row.Deleted,
            Unproven = row.Unproven,
            IsClosed = row.IsClosed,
        };
        if (row.Salt.Length != EntryKeys.SaltSize)
        {
            throw new BundleException($"The row at position {row.Row.Position} has a salt of another length.");
        }

        batch.Add(
            slot, Encoding.UTF8.GetBytes(row.Row.PersistenceId), Encoding.UTF8.GetBytes(row.Row.Manifest),
            row.Row.Message);
        row.Salt.CopyTo(batch.Salt(batch.Count - 1));
    }

    private static void AddEntry(RowBatch batch, byte[] entry, long disposal)
    {
        try
        {
            using var json = JsonDocument.Parse(entry);
            var slot = new RowSlot
            {
                Position = json.RootElement.GetProperty("position").GetInt64(), IsEntry = true, Disposal = disposal,
            };
            slot.Unproven = json.RootElement.TryGetProperty("unproven", out _);
            batch.Add(slot, [], [], entry);
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            throw new BundleException($"An entry of the bundle cannot be read: {failure.Message}", failure);
        }
    }

    private byte[] Entry(long index)
    {
        if (tile != index / TileShape.Width)
        {
            tile = index / TileShape.Width;
            var path = new TilePath(TilePath.Entries, tile, TileShape.CountIn(size, 0, tile)).ToString();
            var file = files.GetEntry(path) ?? throw new BundleException($"The bundle has no file {path}.");
            try
            {
                entries = [.. EntryBundle.Split(BundleReader.ReadAll(file))];
            }
            catch (FormatException failure)
            {
                throw new BundleException($"The bundle's file {path} cannot be read: {failure.Message}", failure);
            }
        }

        var at = index % TileShape.Width;
        return at < entries.Length
            ? entries[at]
            : throw new BundleException($"The bundle has no entry {index}.");
    }

    private static async IAsyncEnumerable<BundleRow> ReadAsync(
        Stream stream, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        var lines = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 1 << 16));
        try
        {
            while (true)
            {
                var read = await lines.ReadAsync(cancellation);
                var rest = read.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    yield return RowJson.Read(rest.Slice(0, end));
                    rest = rest.Slice(rest.GetPosition(1, end));
                }

                if (read.IsCompleted)
                {
                    if (!rest.IsEmpty)
                    {
                        throw new BundleException("A file of the bundle ends in the middle of a line.");
                    }

                    yield break;
                }

                if (rest.Length > LongestLine)
                {
                    throw new BundleException("A file of the bundle has a line that is too long.");
                }

                lines.AdvanceTo(rest.Start, rest.End);
            }
        }
        finally
        {
            await lines.CompleteAsync();
        }
    }
}
