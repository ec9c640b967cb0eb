using System.Threading.Channels;
using Audit.Client.Http;

namespace Audit.Client.Sending;

/// <summary>
/// A file of lines that wait to be sent. A line is kept once it is on disk; beside the file stands how far it is sent,
/// which at worst is too little, and then some are sent twice and known again. Sent lines make room for others in
/// place, so that no file is ever renamed: a name is on disk only when its directory is.
/// </summary>
internal sealed class SpoolFile : IOutbox, IAsyncDisposable
{
    private const int MostBytes = 1 << 20;
    private const long MostToClear = 1 << 20;

    private readonly object gate = new();
    private readonly long most;
    private readonly Action<NodeException> report;
    private readonly FileStream file;
    private readonly FileStream place;
    private readonly RefusedItems refused;
    private readonly Channel<Adding> adding = Channel.CreateUnbounded<Adding>(
        new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim arrived = new(0, 1);
    private readonly List<TaskCompletionSource> awaitingEmpty = [];
    private readonly TaskCompletionSource earlierSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task writing;

    private ReadOnlySequence<byte> unsettled;
    private long sent;
    private long length;
    private long lines;
    private long earlier;
    private NodeException? broken;

    private sealed record Adding(byte[] Line, TaskCompletionSource Kept);

    /// <param name="most">How many bytes may wait.</param>
    /// <exception cref="IOException">The file cannot be opened, or another process has it.</exception>
    public SpoolFile(string path, long most, Action<NodeException> report)
    {
        (this.most, this.report) = (most, report);
        refused = new RefusedItems(path + ".refused", most, report);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        file = OwnedFile.Open(path);
        try
        {
            place = OwnedFile.Open(path + ".sent");
            Recover();
        }
        catch
        {
            place?.Dispose();
            file.Dispose();
            throw;
        }

        writing = Task.Run(WriteAsync);
    }

    public TimeSpan AttemptTime { get; } = TimeSpan.FromMinutes(1);

    public long Lines
    {
        get
        {
            lock (gate)
            {
                return lines;
            }
        }
    }

    /// <summary>Done once the node has what lay in the file when it was opened.</summary>
    public Task EarlierSent => earlierSent.Task;

    /// <summary>Returns once the line is on disk.</summary>
    /// <exception cref="NodeException">It is not kept: too much waits, or the file cannot be written.</exception>
    public Task AddAsync(byte[] line)
    {
        var item = new Adding(line, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        return adding.Writer.TryWrite(item)
            ? item.Kept.Task
            : throw new NodeException(NodeTrouble.Unwritable, "The client is closed; this was not kept.");
    }

    public async Task WhenEmptyAsync()
    {
        var empty = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            if (lines == 0)
            {
                return;
            }

            awaitingEmpty.Add(empty);
        }

        await empty.Task;
    }

    public async ValueTask<OutgoingLines> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            lock (gate)
            {
                if (sent < length && Read() is { Count: > 0 } some)
                {
                    return some;
                }
            }

            await arrived.WaitAsync(cancellation);
        }
    }

    public void Settle(ReceiptLine receipt)
    {
        var rest = ItemLines.Skip(unsettled, 1);
        var item = unsettled.Slice(0, rest.Start);
        if (receipt.Status is not (ReceiptLine.Recorded or ReceiptLine.Duplicate or ReceiptLine.Counted))
        {
            refused.Keep(receipt, item);
        }

        unsettled = rest;
        lock (gate)
        {
            sent += item.Length;
            lines--;
            if (--earlier == 0)
            {
                earlierSent.TrySetResult();
            }
        }
    }

    public void EndAttempt(NodeException? trouble)
    {
        lock (gate)
        {
            WritePlace(sent);
            if (sent >= Math.Min(MostToClear, most / 4) && length - sent <= sent)
            {
                Clear();
            }

            if (lines == 0)
            {
                awaitingEmpty.ForEach(one => one.TrySetResult());
                awaitingEmpty.Clear();
            }
        }
    }

    public void Close(NodeException why)
    {
        try
        {
            EndAttempt(why);
        }
        catch (IOException)
        {
            // What is not noted as sent is sent twice at worst.
        }

        // Who asks about what waits is not to wait for it.
        earlierSent.TrySetException(why);
        _ = earlierSent.Task.Exception;
    }

    public async ValueTask DisposeAsync()
    {
        adding.Writer.TryComplete();
        await writing;
        await place.DisposeAsync();
        await file.DisposeAsync();
    }

    /// <summary>Drops the end that a crash cut, of which nobody was told that it is kept.</summary>
    private void Recover()
    {
        sent = ReadPlace();
        length = sent;
        var piece = new byte[64 << 10];
        var isItem = false;
        for (var at = sent; RandomAccess.Read(file.SafeFileHandle, piece, at) is > 0 and var read; at += read)
        {
            for (var index = 0; index < read; index++)
            {
                isItem |= !ItemLines.IsWhite(piece[index]);
                if (piece[index] == '\n')
                {
                    (length, lines, isItem) = (at + index + 1, isItem ? lines + 1 : lines, false);
                }
            }
        }

        RandomAccess.SetLength(file.SafeFileHandle, length);
        RandomAccess.FlushToDisk(file.SafeFileHandle);
        // A place that cannot be meant could be one once the file has grown.
        WritePlace(sent);
        RandomAccess.FlushToDisk(place.SafeFileHandle);
        earlier = lines;
        if (lines == 0)
        {
            earlierSent.SetResult();
        }
    }

    /// <summary>How far the file is sent: from its beginning, where that cannot be told.</summary>
    private long ReadPlace()
    {
        var text = new byte[PlaceLength];
        var read = RandomAccess.Read(place.SafeFileHandle, text, 0);
        return read == PlaceLength
            && long.TryParse(
                Encoding.ASCII.GetString(text).TrimEnd(), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            && at <= RandomAccess.GetLength(file.SafeFileHandle) && (at == 0 || EndsLine(at))
            ? at
            : 0;
    }

    private const int PlaceLength = 20;

    private bool EndsLine(long at)
    {
        var before = new byte[1];
        return RandomAccess.Read(file.SafeFileHandle, before, at - 1) == 1 && before[0] == '\n';
    }

    private void WritePlace(long at) => RandomAccess.Write(
        place.SafeFileHandle,
        Encoding.ASCII.GetBytes(at.ToString(CultureInfo.InvariantCulture).PadLeft(PlaceLength - 1, '0') + "\n"), 0);

    /// <summary>
    /// Moves what waits to the file's beginning, over what is sent. Until that is on disk the old place counts, and
    /// then the beginning does, behind which at worst lines stand once more that are known again.
    /// </summary>
    private void Clear()
    {
        var handle = file.SafeFileHandle;
        var rest = new byte[length - sent];
        ReadWhole(rest, sent);
        // What is left of the line that the last one ends in is white, and no line.
        var end = new byte[Math.Min(EndOfLineFrom(rest.Length) - rest.Length, sent - rest.Length)];
        end.AsSpan().Fill((byte)' ');
        RandomAccess.Write(handle, rest, 0);
        RandomAccess.Write(handle, end, rest.Length);
        RandomAccess.FlushToDisk(handle);
        WritePlace(0);
        RandomAccess.FlushToDisk(place.SafeFileHandle);
        (sent, length) = (0, rest.Length);
        RandomAccess.SetLength(handle, length);
    }

    /// <summary>Where the line ends, without its line feed, that goes on at a place among those that are sent.</summary>
    private long EndOfLineFrom(long at)
    {
        var piece = new byte[4 << 10];
        for (; at < sent; at += piece.Length)
        {
            var read = RandomAccess.Read(file.SafeFileHandle, piece, at);
            if (piece.AsSpan(0, read).IndexOf((byte)'\n') is >= 0 and var found)
            {
                return at + found;
            }
        }

        return sent;
    }

    private void ReadWhole(Span<byte> into, long at)
    {
        while (!into.IsEmpty)
        {
            var read = RandomAccess.Read(file.SafeFileHandle, into, at);
            if (read == 0)
            {
                throw new EndOfStreamException($"The spool {file.Name} is shorter than it was.");
            }

            into = into[read..];
            at += read;
        }
    }

    /// <summary>The first lines that wait; none where only white was left.</summary>
    private OutgoingLines Read()
    {
        var most = (int)Math.Min(length - sent, MostBytes);
        while (true)
        {
            var bytes = new byte[most];
            ReadWhole(bytes, sent);
            if (bytes.AsSpan().LastIndexOf((byte)'\n') is >= 0 and var last)
            {
                unsettled = ItemLines.Skip(new ReadOnlySequence<byte>(bytes, 0, last + 1), 0);
                sent += last + 1 - unsettled.Length;
                return new OutgoingLines(unsettled, ItemLines.Count(unsettled));
            }

            // One line may be longer than what goes at once.
            most = (int)Math.Min(length - sent, 2L * most);
        }
    }

    /// <summary>Writes what came together, and once for all waits until it is on disk.</summary>
    private async Task WriteAsync()
    {
        while (await adding.Reader.WaitToReadAsync())
        {
            var kept = new List<Adding>();
            var bytes = new ArrayBufferWriter<byte>();
            NodeException? unwritable;
            lock (gate)
            {
                while (bytes.WrittenCount < MostBytes && adding.Reader.TryRead(out var item))
                {
                    if (RefusalOf(item, bytes.WrittenCount) is { } refusal)
                    {
                        item.Kept.SetException(refusal);
                        continue;
                    }

                    bytes.Write(item.Line);
                    kept.Add(item);
                }

                unwritable = Append(bytes.WrittenSpan, kept.Count);
            }

            foreach (var item in kept)
            {
                _ = unwritable is null ? item.Kept.TrySetResult() : item.Kept.TrySetException(unwritable);
            }
        }
    }

    private NodeException? RefusalOf(Adding item, long before) =>
        broken ?? (length - sent + before + item.Line.Length <= most ? null
            : new NodeException(
                NodeTrouble.Full,
                $"{length - sent + before} bytes wait in the spool {file.Name}, and {most} may; this was not kept."));

    /// <returns>Why nothing of it is kept; null where all is.</returns>
    private NodeException? Append(ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.IsEmpty)
        {
            return null;
        }

        try
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, length);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
        catch (Exception failure)
        {
            var unwritable = new NodeException(
                NodeTrouble.Unwritable, $"The spool {file.Name} cannot be written: {failure.Message}", failure);
            report(unwritable);
            // Where not even the old end can be had again, who opens the file anew will see what the disk has.
            broken = CutBack() ? null : unwritable;
            return unwritable;
        }

        length += bytes.Length;
        lines += count;
        if (arrived.CurrentCount == 0)
        {
            arrived.Release();
        }

        return null;
    }

    /// <summary>A disk that is full for a while has what it had, once what came half is gone.</summary>
    private bool CutBack()
    {
        try
        {
            RandomAccess.SetLength(file.SafeFileHandle, length);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
