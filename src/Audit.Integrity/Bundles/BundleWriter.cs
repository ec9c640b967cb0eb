using System.IO.Compression;
using Audit.Integrity.Entries;

namespace Audit.Integrity.Bundles;

/// <summary>Writes the files of a bundle, one after the other.</summary>
internal sealed class BundleWriter(
    ZipArchive files, string address, ILogSource log, EntryKeys keys, BundleScope scope,
    IProgress<VerifyProgress>? progress)
{
    private const int TilesAtOnce = 64;
    private const int FlushBytes = 1 << 18;

    private readonly StoredCheckpoint checkpoint = log.Newest!;

    public async Task WriteAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var record = log.Logs[^1];
        var readMe = BundleReadMe.Of(record, SignedCheckpoint.Parse(checkpoint.Note).Checkpoint, now);
        await TextAsync(BundlePaths.ReadMe, readMe, cancellation);
        await TextAsync(BundlePaths.VerifierKey, record.Key + "\n", cancellation);
        await TextAsync(BundlePaths.Checkpoint, checkpoint.Note, cancellation);
        // The one that the most witnesses cosigned, where the newest is too new for them.
        var cosigned = await log.ReadCosignedAsync(cancellation);
        if (cosigned.Where(one => one.Size < checkpoint.Size)
            .MaxBy(one => SignedCheckpoint.Parse(one.Note).Note.Signatures.Count) is { } witnessed)
        {
            await TextAsync(BundlePaths.Witnessed, witnessed.Note, cancellation);
        }

        await TextAsync(BundlePaths.Logs, LogsJson.Write(log.Logs), cancellation);
        if (scope.What is { } what)
        {
            await TextAsync(BundlePaths.Scope, what + "\n", cancellation);
        }

        await RowsAsync(cancellation);
        await EntriesAsync(cancellation);
        for (var level = 0; level < TileShape.Levels && TileShape.HashesAt(checkpoint.Size, level) > 0; level++)
        {
            await TilesAsync(level, cancellation);
        }
    }

    private Task TextAsync(string path, string text, CancellationToken cancellation) =>
        FileAsync(path, Encoding.UTF8.GetBytes(text), CompressionLevel.Optimal, cancellation);

    private async Task RowsAsync(CancellationToken cancellation)
    {
        var entry = files.CreateEntry(BundlePaths.Rows, CompressionLevel.Fastest);
        await using var stream = await entry.OpenAsync(cancellation);
        var buffer = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(buffer))
        {
            await ForEachAsync(
                (batch, index, rank) =>
                {
                    if (!scope.Holds(batch.Stream(index), batch.MessageMemory(index)))
                    {
                        return ValueTask.CompletedTask;
                    }

                    RowJson.Write(json, batch, index, rank);
                    json.Flush();
                    json.Reset();
                    buffer.Write("\n"u8);
                    return buffer.WrittenCount < FlushBytes
                        ? ValueTask.CompletedTask
                        : FlushAsync(buffer, stream, cancellation);
                },
                cancellation);
        }
        await FlushAsync(buffer, stream, cancellation);
    }

    // A zip file takes one file at a time, so the rows are read a second time rather than kept.
    private async Task EntriesAsync(CancellationToken cancellation)
    {
        var bundle = new List<byte[]>(TileShape.Width);
        var written = 0L;
        await ForEachAsync(
            (batch, index, _) =>
            {
                bundle.Add(batch.Entry(index));
                return bundle.Count < TileShape.Width ? ValueTask.CompletedTask : BundleAsync();
            },
            cancellation);
        if (bundle.Count > 0)
        {
            await BundleAsync();
        }

        async ValueTask BundleAsync()
        {
            var path = new TilePath(TilePath.Entries, written++, bundle.Count).ToString();
            await FileAsync(path, EntryBundle.Of(bundle), CompressionLevel.Fastest, cancellation);
            bundle.Clear();
        }
    }

    private async Task TilesAsync(int level, CancellationToken cancellation)
    {
        var number = 0L;
        while (TileShape.CountIn(checkpoint.Size, level, number) > 0)
        {
            var tiles = await log.ReadTilesAsync(level, number, TilesAtOnce, cancellation);
            if (tiles.Count == 0)
            {
                throw new LogDamagedException($"The log's tile {number} of level {level} is missing.");
            }

            foreach (var tile in tiles.TakeWhile(_ => TileShape.CountIn(checkpoint.Size, level, number) > 0))
            {
                var count = TileShape.CountIn(checkpoint.Size, level, number);
                var length = TileShape.BytesOf(count);
                if (tile.Length < length)
                {
                    throw new LogDamagedException($"The log's tile {number} of level {level} is too short.");
                }

                var path = new TilePath(level, number++, count).ToString();
                await FileAsync(path, tile.AsMemory(0, length), CompressionLevel.NoCompression, cancellation);
            }
        }
    }

    private async Task ForEachAsync(Func<RowBatch, int, long, ValueTask> write, CancellationToken cancellation)
    {
        await using var source = await RowSource.OpenAsync(address, cancellation);
        await using var look = new StoreLook(address);
        var contents = keys.Rows is { } rowKeys ? new ContentLook(rowKeys, look) : null;
        var batch = new RowBatch();
        for (var rows = 0L; rows < checkpoint.Size; batch.Clear())
        {
            await source.FillAsync(batch, cancellation);
            batch.Hash(keys);
            await (contents?.MarkAsync(batch, cancellation) ?? default);
            if (batch.Count == 0)
            {
                return;
            }

            for (var i = 0; i < batch.Count && rows < checkpoint.Size; i++, rows++)
            {
                await write(batch, i, rows);
            }

            progress?.Report(new VerifyProgress(rows, checkpoint.Size));
        }
    }

    private async Task FileAsync(
        string path, ReadOnlyMemory<byte> content, CompressionLevel compression, CancellationToken cancellation)
    {
        var stream = await files.CreateEntry(path, compression).OpenAsync(cancellation);
        await using (stream)
        {
            await stream.WriteAsync(content, cancellation);
        }
    }

    private static async ValueTask FlushAsync(
        ArrayBufferWriter<byte> buffer, Stream stream, CancellationToken cancellation)
    {
        await stream.WriteAsync(buffer.WrittenMemory, cancellation);
        buffer.ResetWrittenCount();
    }
}
