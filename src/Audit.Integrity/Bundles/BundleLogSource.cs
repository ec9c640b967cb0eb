using System.IO.Compression;
using Audit.Integrity.Merkle;
using Audit.Integrity.Storage;
using Audit.Integrity.Tiles;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Bundles;

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
            if (file is null || file.Length != count * TreeHash.Size)
            {
                break;
            }

            tiles.Add(BundleReader.ReadAll(file));
        }
        return Task.FromResult<IReadOnlyList<byte[]>>(tiles);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
