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

    private static readonly byte[] Keeping = Encoding.UTF8.GetBytes(StreamNames.Keeping);

    private readonly StoredCheckpoint checkpoint = log.Newest!;

    // The entries of what was cut, by the events; of a part those by which something of its sessions was.
    private readonly SortedDictionary<long, List<long>> cut = [];
    private readonly HashSet<long> disposals = [];

    public async Task WriteAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        var record = log.Logs[^1];
        var readMe = BundleReadMe.Of(record, SignedCheckpoint.Parse(checkpoint.Note).Checkpoint, now);
        await TextAsync(BundlePaths.ReadMe, readMe, cancellation);
        if (scope.Report is { } report)
        {
            await FileAsync(BundlePaths.Report, report.Html, CompressionLevel.Optimal, cancellation);
        }

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
        if (scope.What is { } part)
        {
            await TextAsync(BundlePaths.Scope, part + "\n", cancellation);
        }

        var contents = scope.HasContents ? await FindContentsAsync(cancellation) : [];
        if (scope.HasContents)
        {
            await TextAsync(BundlePaths.Contents, ContentsJson.Write(contents.Values), cancellation);
        }

        var given = new GivenKeys(scope.Hides);
        await RowsAsync([.. contents.Values.Select(one => one.Mark).OfType<long>()], given, cancellation);
        if (cut.Count > 0 && scope.What is null)
        {
            var rows = cut.Values.Sum(one => one.Count);
            var what = $"all but {rows} rows, which were cut from the journal and are in an archive\n";
            await TextAsync(BundlePaths.Scope, what, cancellation);
        }

        if (cut.Count > 0)
        {
            await TextAsync(BundlePaths.Cut, CutJson.Write(cut), cancellation);
        }

        await KeysAsync(given, cancellation);
        await EntriesAsync(cancellation);
        for (var level = 0; level < TileShape.Levels && TileShape.HashesAt(checkpoint.Size, level) > 0; level++)
        {
            await TilesAsync(level, cancellation);
        }
    }

    /// <summary>Says, in the place of all that would follow, why that does not.</summary>
    public Task StopAsync(string why, CancellationToken cancellation) =>
        TextAsync(BundlePaths.Stopped, why + "\n", cancellation);

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
        var streams = await CutStreamsAsync(found.Keys, cancellation);
        await ForEachAsync(
            (batch, index, rank) =>
            {
                if (batch[index].Disposal > 0)
                {
                    if (streams.TryGetValue(LogEntry.StreamOf(batch.Message(index)), out var of))
                    {
                        found[of].Rows.Add(rank);
                        disposals.Add(batch[index].Disposal);
                    }
                }
                else if (SessionOf(batch, index) is { } session)
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

    /// <summary>
    /// Of which session an entry is of which nothing else is left: what its stream was called is known, and what an
    /// event of it may have been.
    /// </summary>
    private async Task<Dictionary<string, string>> CutStreamsAsync(
        IEnumerable<string> of, CancellationToken cancellation)
    {
        var streams = new Dictionary<string, string>();
        await using var look = new StoreLook(address);
        foreach (var session in await look.HasCutAsync(cancellation) ? of : [])
        {
            foreach (var stream in await look.ReadAsync(
                asked => KeyEnding.CutStreamsAsync(asked, $"notes|{session}", cancellation), cancellation))
            {
                foreach (var manifest in EventNames.AllManifests)
                {
                    streams[LogEntry.StreamHash(keys, stream, manifest)] = session;
                }
            }
        }

        return streams;
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
    private Task RowsAsync(HashSet<long> marks, GivenKeys given, CancellationToken cancellation) =>
        LinesAsync(
            BundlePaths.Rows, (json, end) => ForEachAsync(
                (batch, index, rank) =>
                {
                    var isOfIt = scope.Holds(batch.Stream(index), batch.MessageMemory(index));
                    given.Note(batch, index, isOfIt);
                    if (batch[index].Disposal is > 0 and var disposal)
                    {
                        // It was cut: its entry stands with those of all rows.
                        if (scope.What is null || disposals.Contains(disposal))
                        {
                            cut.TryAdd(disposal, []);
                            cut[disposal].Add(rank);
                        }

                        return ValueTask.CompletedTask;
                    }

                    if (!isOfIt && !marks.Contains(rank) && !batch.Stream(index).SequenceEqual(LogKeys)
                        && !SaysCut(batch, index))
                    {
                        return ValueTask.CompletedTask;
                    }

                    RowJson.Write(json, batch, index, rank);
                    return end();
                },
                cancellation),
            cancellation);

    /// <summary>Whether it is the event, or the end of one, by which something of it was cut.</summary>
    private bool SaysCut(RowBatch batch, int index)
    {
        if (disposals.Count == 0 || batch[index].Unproven || !batch.Stream(index).SequenceEqual(Keeping))
        {
            return false;
        }

        var row = new JournalRow(
            batch[index].Position, StreamNames.Keeping, batch[index].Sequence, batch[index].Created,
            Encoding.UTF8.GetString(batch.Manifest(index)), batch.Message(index).ToArray());
        return (DisposedRows.Find(row) is not null && disposals.Contains(row.Position))
            || (DisposedRows.FindDone(row) is { } end && disposals.Contains(end.Position));
    }

    /// <summary>The keys of what it is about, for the book is read by others too and has more than this.</summary>
    private Task KeysAsync(GivenKeys given, CancellationToken cancellation) =>
        LinesAsync(
            BundlePaths.Keys, async (json, end) =>
            {
                if (keys.Rows is not { } rowKeys)
                {
                    return;
                }

                await using var look = new StoreLook(address);
                var payloads = new PayloadKeys(rowKeys, look);
                foreach (var chunk in given.Streams.Chunk(RowBatch.MostRows))
                {
                    await payloads.LoadAsync(chunk, cancellation);
                    foreach (var stream in chunk)
                    {
                        if (payloads.TryGet(new StreamKey(stream), out var key) && key is not null)
                        {
                            KeysJson.Write(json, stream, key);
                            await end();
                        }
                    }
                }
            },
            cancellation);

    /// <param name="write">Writes objects, and calls what it is given after each.</param>
    private async Task LinesAsync(
        string path, Func<Utf8JsonWriter, Func<ValueTask>, Task> write, CancellationToken cancellation)
    {
        var entry = files.CreateEntry(path, CompressionLevel.Fastest);
        await using var stream = await entry.OpenAsync(cancellation);
        var buffer = new ArrayBufferWriter<byte>();
        await using (var json = new Utf8JsonWriter(buffer))
        {
            await write(json, () =>
            {
                json.Flush();
                json.Reset();
                buffer.Write("\n"u8);
                return buffer.WrittenCount < FlushBytes
                    ? ValueTask.CompletedTask
                    : FlushAsync(buffer, stream, cancellation);
            });
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
        var contents = keys.Rows is { } rowKeys ? new ContentLook(keys, rowKeys, look) : null;
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

/// <summary>
/// Of which streams a bundle gives the key. A key opens its stream and nothing else: a call's is given where the
/// bundle has a row of the call, and whoever is given it may see all of the call; any other where it has all rows of
/// the stream.
/// </summary>
/// <param name="hides">What of a call may not be seen; null where all may.</param>
internal sealed class GivenKeys(BundleChoice? hides)
{
    private static readonly byte[] CallPrefix = Encoding.UTF8.GetBytes(StreamNames.CallPrefix);

    private readonly HashSet<string> given = new(StringComparer.Ordinal);
    private readonly HashSet<string> withheld = new(StringComparer.Ordinal);

    public IEnumerable<string> Streams => given.Where(stream => !withheld.Contains(stream));

    /// <param name="isOfIt">Whether the row is one of those that the bundle is about.</param>
    public void Note(RowBatch batch, int index, bool isOfIt)
    {
        if (!batch.HasContent(index))
        {
            return;
        }

        var stream = batch.Stream(index);
        if (isOfIt)
        {
            given.Add(Encoding.UTF8.GetString(stream));
        }
        else if (!stream.StartsWith(CallPrefix) || hides?.Invoke(stream, batch.MessageMemory(index)) == true)
        {
            withheld.Add(Encoding.UTF8.GetString(stream));
        }
    }
}
