using System.IO.Compression;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Audit.Integrity.Bundles;

/// <summary>Opens a bundle for verification.</summary>
internal sealed class BundleReader : IDisposable
{
    private const int LongestSmallFile = 1 << 20;

    private readonly ZipArchive files;

    // A second view of the same file: rows and tiles are read at the same time, each from its own place.
    private readonly ZipArchive rows;

    private BundleReader(ZipArchive files, ZipArchive rows)
    {
        this.files = files;
        this.rows = rows;
        var note = Text(BundlePaths.Checkpoint);
        var checkpoint = SignedCheckpoint.Parse(note).Checkpoint;
        var key = VerifierKey.Parse(Text(BundlePaths.VerifierKey).TrimEnd('\n'));
        var log = new LogRecord(1, checkpoint.Origin, key, default);
        Log = new BundleLogSource(files, log, new StoredCheckpoint(checkpoint.Size, 0, note, default));
    }

    public BundleLogSource Log { get; }

    /// <exception cref="BundleException">The file is no bundle.</exception>
    public static BundleReader Open(string path)
    {
        ZipArchive? files = null, rows = null;
        try
        {
            files = ZipFile.OpenRead(path);
            rows = ZipFile.OpenRead(path);
            return new BundleReader(files, rows);
        }
        catch (Exception failure) when (failure
            is InvalidDataException or IOException or UnauthorizedAccessException
                or NoteFormatException or BundleException)
        {
            files?.Dispose();
            rows?.Dispose();
            throw new BundleException($"{path} is no bundle of an audit log: {failure.Message}", failure);
        }
    }

    public BundleRowSource OpenRows() => new(File(rows, BundlePaths.Rows));

    public void Dispose()
    {
        files.Dispose();
        rows.Dispose();
    }

    internal static byte[] ReadAll(ZipArchiveEntry file)
    {
        var content = new byte[file.Length];
        using var stream = file.Open();
        stream.ReadExactly(content);
        return content;
    }

    private string Text(string name)
    {
        var file = File(files, name);
        return file.Length <= LongestSmallFile
            ? Encoding.UTF8.GetString(ReadAll(file))
            : throw new BundleException($"The bundle's file {name} is too long.");
    }

    private static ZipArchiveEntry File(ZipArchive archive, string name) =>
        archive.GetEntry(name) ?? throw new BundleException($"The bundle has no file {name}.");
}

/// <summary>The log of a bundle.</summary>
internal sealed class BundleLogSource(ZipArchive files, LogRecord log, StoredCheckpoint newest) : ILogSource
{
    public IReadOnlyList<LogRecord> Logs { get; } = [log];

    public StoredCheckpoint? Newest { get; } = newest;

    /// <summary>A bundle has one checkpoint.</summary>
    public Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        long afterSize, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredCheckpoint>>([]);

    public Task<IReadOnlyList<byte[]>> ReadTilesAsync(int level, long first, int limit, CancellationToken cancellation)
    {
        var tiles = new List<byte[]>();
        for (var number = first; number < first + limit; number++)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = TileShape.CountIn(Newest!.Size, level, number);
            var file = count == 0 ? null : files.GetEntry(new TilePath(level, number, count).ToString());
            if (file is null || file.Length != TileShape.BytesOf(count))
            {
                break;
            }

            tiles.Add(BundleReader.ReadAll(file));
        }
        return Task.FromResult<IReadOnlyList<byte[]>>(tiles);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>The rows of a bundle.</summary>
internal sealed class BundleRowSource : IRowSource
{
    private const int LongestLine = 1 << 28;

    private readonly ZipArchiveEntry entry;
    private readonly IAsyncEnumerator<JournalRow> rows;

    public BundleRowSource(ZipArchiveEntry entry)
    {
        this.entry = entry;
        rows = ReadAsync(entry.Open()).GetAsyncEnumerator();
    }

    public Task SeekAsync(long position, CancellationToken cancellation) =>
        throw new NotSupportedException("A bundle is read from its beginning to its end.");

    public async Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        while (!batch.IsFull && await rows.MoveNextAsync())
        {
            cancellation.ThrowIfCancellationRequested();
            var row = rows.Current;
            var slot = new RowSlot
            {
                Position = row.Position,
                Sequence = row.Sequence,
                Created = row.CreatedTicks,
                Identifier = row.Identifier,
                Deleted = row.Deleted,
            };
            batch.Add(
                slot, Encoding.UTF8.GetBytes(row.PersistenceId), Encoding.UTF8.GetBytes(row.Manifest), row.Message);
        }
    }

    // A bundle knows no streams, so it is gone through once more; that is asked for few calls, and once.
    public async Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation)
    {
        var wanted = streams.ToHashSet(StringComparer.Ordinal);
        return await ReadAsync(entry.Open())
            .Where(row => wanted.Contains(row.PersistenceId))
            .ToListAsync(cancellation);
    }

    public ValueTask DisposeAsync() => rows.DisposeAsync();

    private static async IAsyncEnumerable<JournalRow> ReadAsync(
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
