using System.IO.Pipelines;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>
/// Cuts a stream into batches of whole lines: all that has been read so far, up to a limit. While one batch is with the
/// node the next is read, so a file goes in large batches and the end of a log that somebody follows goes at once.
/// </summary>
internal sealed class LineBatches
{
    private const int MostBytes = 4 << 20;

    private readonly Pipe pipe = new(new PipeOptions(
        pauseWriterThreshold: 2 * MostBytes, resumeWriterThreshold: MostBytes, minimumSegmentSize: 256 << 10,
        useSynchronizationContext: false));

    private long seenWithoutEnd;

    public LineBatches(Stream input) => _ = Task.Run(() => FillAsync(input));

    /// <summary>The next whole lines, to be given back by <see cref="Advance"/>; empty at the end.</summary>
    public async ValueTask<ReadOnlySequence<byte>> NextAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var read = await pipe.Reader.ReadAsync(cancellation);
            if (WholeLines(read.Buffer) is { } lines)
            {
                return lines;
            }

            if (read.IsCompleted)
            {
                return read.Buffer;
            }
            // A line may be of any length, and what of it was searched is not searched again.
            seenWithoutEnd = read.Buffer.Length;
            pipe.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    public void Advance(ReadOnlySequence<byte> batch)
    {
        seenWithoutEnd = 0;
        pipe.Reader.AdvanceTo(batch.End);
    }

    private ReadOnlySequence<byte>? WholeLines(ReadOnlySequence<byte> buffer)
    {
        var last = LastLineEnd(buffer.Slice(0, Math.Min(buffer.Length, MostBytes)));
        if (last is not null)
        {
            return buffer.Slice(0, last.Value);
        }

        var end = buffer.Slice(seenWithoutEnd).PositionOf((byte)'\n');
        return end is null ? null : buffer.Slice(0, buffer.GetPosition(1, end.Value));
    }

    private static long? LastLineEnd(ReadOnlySequence<byte> buffer)
    {
        long? last = null;
        var before = 0L;
        foreach (var segment in buffer)
        {
            var at = segment.Span.LastIndexOf((byte)'\n');
            if (at >= 0)
            {
                last = before + at + 1;
            }

            before += segment.Length;
        }
        return last;
    }

    private async Task FillAsync(Stream input)
    {
        try
        {
            await input.CopyToAsync(pipe.Writer);
            await pipe.Writer.CompleteAsync();
        }
        catch (Exception failure)
        {
            await pipe.Writer.CompleteAsync(failure);
        }
    }
}
