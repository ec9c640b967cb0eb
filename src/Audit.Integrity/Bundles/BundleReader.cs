using System.IO.Compression;

namespace Audit.Integrity.Bundles;

/// <summary>Opens a bundle for verification.</summary>
internal sealed class BundleReader : IDisposable
{
    private const int LongestSmallFile = 1 << 20;

    private readonly ZipArchive files;

    // A second view of the same file: rows and tiles are read at the same time, each from its own place.
    private readonly ZipArchive rows;
    private readonly bool isPartial;

    private BundleReader(ZipArchive files, ZipArchive rows)
    {
        this.files = files;
        this.rows = rows;
        if (WhyStopped(files) is { } why)
        {
            throw new BundleException($"it was not written to its end: {why}");
        }

        var note = Text(BundlePaths.Checkpoint);
        var checkpoint = SignedCheckpoint.Parse(note).Checkpoint;
        var key = VerifierKey.Parse(Text(BundlePaths.VerifierKey).TrimEnd('\n'));
        var logs = LogsJson.Read(Text(BundlePaths.Logs)).ToList();
        if (logs.Count == 0 || logs[^1].Origin != checkpoint.Origin)
        {
            throw new BundleException($"The bundle's file {BundlePaths.Logs} does not end with the checkpoint's log.");
        }

        // The key that the bundle shows is the one that a person compares.
        logs[^1] = logs[^1] with { Key = key };
        Log = new BundleLogSource(files, logs, new StoredCheckpoint(checkpoint.Size, 0, note, default), Witnessed());
        isPartial = files.GetEntry(BundlePaths.Scope) is not null;
        Report = files.GetEntry(BundlePaths.Report) is { } report ? new BundleReport(ReadAll(report)) : null;
        Keys = new Dictionary<string, byte[]>();
        if (files.GetEntry(BundlePaths.Keys) is { } keys)
        {
            using var lines = keys.Open();
            Keys = KeysJson.Read(lines);
        }

        Contents = files.GetEntry(BundlePaths.Contents) is { } contents
            ? ContentsJson.Read(Encoding.UTF8.GetString(ReadAll(contents)))
            : isPartial ? [] : null;
    }

    public BundleLogSource Log { get; }

    /// <summary>What it has for people to read; null where it has nothing.</summary>
    public BundleReport? Report { get; }

    /// <summary>What opens the content of streams; none where the bundle brings no keys.</summary>
    public IReadOnlyDictionary<string, byte[]> Keys { get; }

    /// <summary>What it says of its sessions; null where it has all rows there are.</summary>
    public IReadOnlyList<BundleContents>? Contents { get; }

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

    public BundleRowSource OpenRows() =>
        new(
            rows, File(rows, BundlePaths.Rows), isPartial ? Log.Newest!.Size : null,
            files.GetEntry(BundlePaths.Cut) is { } cut
                ? CutJson.Read(Encoding.UTF8.GetString(ReadAll(cut))) : new Dictionary<long, long>());

    public void Dispose()
    {
        files.Dispose();
        rows.Dispose();
    }

    internal static string? WhyStopped(ZipArchive files) => files.GetEntry(BundlePaths.Stopped) is { } stopped
        ? Encoding.UTF8.GetString(ReadAll(stopped)).TrimEnd()
        : null;

    internal static byte[] ReadAll(ZipArchiveEntry file)
    {
        var content = new byte[file.Length];
        using var stream = file.Open();
        stream.ReadExactly(content);
        return content;
    }

    private StoredCheckpoint? Witnessed()
    {
        if (files.GetEntry(BundlePaths.Witnessed) is null)
        {
            return null;
        }

        var note = Text(BundlePaths.Witnessed);
        return new StoredCheckpoint(SignedCheckpoint.Parse(note).Checkpoint.Size, 0, note, default);
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
internal sealed class BundleLogSource(
    ZipArchive files, IReadOnlyList<LogRecord> logs, StoredCheckpoint newest, StoredCheckpoint? witnessed) : ILogSource
{
    public IReadOnlyList<LogRecord> Logs { get; } = logs;

    public StoredCheckpoint? Newest { get; } = newest;

    /// <summary>A bundle has one checkpoint.</summary>
    public Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        long afterSize, int limit, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredCheckpoint>>([]);

    public Task<IReadOnlyList<StoredCheckpoint>> ReadCosignedAsync(CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<StoredCheckpoint>>(witnessed is null ? [Newest!] : [Newest!, witnessed]);

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
