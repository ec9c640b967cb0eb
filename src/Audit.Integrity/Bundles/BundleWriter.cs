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

    private static readonly byte[] LogKeys = Encoding.UTF8.GetBytes(StreamNames.LogKeys);
    private static readonly byte[] ContentsPrefix = Encoding.UTF8.GetBytes(StreamNames.ContentsPrefix);

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

        var contents = scope.HasContents ? await FindContentsAsync(cancellation) : [];
        if (scope.HasContents)
        {
            await TextAsync(BundlePaths.Contents, ContentsJson.Write(contents.Values), cancellation);
        }

        await RowsAsync([.. contents.Values.Select(one => one.Mark).OfType<long>()], cancellation);
        await EntriesAsync(cancellation);
        for (var level = 0; level < TileShape.Levels && TileShape.HashesAt(checkpoint.Size, level) > 0; level++)
        {
            await TilesAsync(level, cancellation);
        }
    }

    private Task TextAsync(string path, string text, CancellationToken cancellation) =>
        FileAsync(path, Encoding.UTF8.GetBytes(text), CompressionLevel.Optimal, cancellation);

    /// <summary>The sessions that it has rows of: which entries are theirs, and what was last sealed of them.</summary>
    private async Task<Dictionary<string, BundleContents>> FindContentsAsync(CancellationToken cancellation)
    {
        var found = new Dictionary<string, BundleContents>();
        if (scope.WholeSession is { } whole)
        {
            found[whole] = new BundleContents(whole, true);
        }

        await ForEachAsync(
            (batch, index, _) =>
            {
                if (SessionOf(batch, index) is { } session && !found.ContainsKey(session)
                    && scope.Holds(batch.Stream(index), batch.MessageMemory(index)))
                {
                    found[session] = new BundleContents(session, false);
                }

                return ValueTask.CompletedTask;
            },
            cancellation);
        await ForEachAsync(
            (batch, index, rank) =>
            {
                if (SessionOf(batch, index) is { } session)
                {
                    found.GetValueOrDefault(session)?.Rows.Add(rank);
                }
                else if (MarkedBy(batch, index) is { } marked && found.TryGetValue(marked, out var contents))
                {
                    contents.Mark = rank;
                }

                return ValueTask.CompletedTask;
            },
            cancellation);
        return found;
    }

    private static string? SessionOf(RowBatch batch, int index) =>
        StreamNames.TrySplit(batch.Stream(index), out var session, out _, out _)
            ? Encoding.UTF8.GetString(session)
            : null;

    /// <summary>Of which session the row says how much it held; what no node wrote says nothing.</summary>
    private static string? MarkedBy(RowBatch batch, int index) =>
        !batch[index].Unproven && batch.Stream(index).StartsWith(ContentsPrefix)
            ? Encoding.UTF8.GetString(batch.Stream(index)[ContentsPrefix.Length..])
            : null;

    /// <param name="marks">Rows that are in it beside those of its scope.</param>
    private async Task RowsAsync(HashSet<long> marks, CancellationToken cancellation)
    {
        var entry = files.CreateEntry(BundlePaths.Rows, CompressionLevel.Fastest);
        await using var stream = await entry.OpenAsync(cancellation);
        var buffer = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(buffer))
        {
            await ForEachAsync(
                (batch, index, rank) =>
                {
                    if (!marks.Contains(rank) && !batch.Stream(index).SequenceEqual(LogKeys)
                        && !scope.Holds(batch.Stream(index), batch.MessageMemory(index)))
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
