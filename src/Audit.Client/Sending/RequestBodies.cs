using System.Net;

namespace Audit.Client.Sending;

/// <summary>A request body that lies in many pieces of memory and is sent without being copied together.</summary>
internal sealed class SequenceContent(ReadOnlySequence<byte> bytes) : HttpContent
{
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        foreach (var piece in bytes)
        {
            await stream.WriteAsync(piece, cancellationToken);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = bytes.Length;
        return true;
    }
}

/// <summary>A request body that is read while it is sent, of a length that nobody knows.</summary>
/// <param name="sent">Receives how many bytes have gone.</param>
internal sealed class FollowedContent(Stream input, Action<long> sent, TimeProvider clock) : HttpContent
{
    private const int PieceLength = 64 << 10;

    /// <summary>A node ends a stream that is silent for longer; a blank line is no item and keeps it.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(20);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var piece = new byte[PieceLength];
        var bytes = 0L;
        var endsLine = true;
        while (await ReadAsync(piece, stream, endsLine, cancellationToken) is > 0 and var read)
        {
            await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken);
            endsLine = piece[read - 1] == '\n';
            // What somebody follows goes as it comes.
            await stream.FlushAsync(cancellationToken);
            sent(bytes += read);
        }
    }

    /// <summary>Reads on, and shows the node meanwhile that somebody is there.</summary>
    private async Task<int> ReadAsync(byte[] piece, Stream stream, bool endsLine, CancellationToken cancellation)
    {
        var arriving = input.ReadAsync(piece, cancellation).AsTask();
        while (true)
        {
            try
            {
                return await arriving.WaitAsync(LongestSilence, clock, cancellation);
            }
            catch (TimeoutException) when (!arriving.IsFaulted)
            {
                if (endsLine && !arriving.IsCompleted)
                {
                    await stream.WriteAsync("\n"u8.ToArray(), cancellation);
                    await stream.FlushAsync(cancellation);
                }
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}

/// <summary>Counts items in NDJSON as the node counts them: a line with nothing but white space is none.</summary>
internal static class ItemLines
{
    private static readonly SearchValues<byte> White = SearchValues.Create(" \t\r\n"u8);

    /// <summary>What is left after so many items, and after the empty lines that follow them.</summary>
    public static ReadOnlySequence<byte> Skip(ReadOnlySequence<byte> lines, long items)
    {
        var rest = SkipWhite(lines);
        for (; items > 0 && !rest.IsEmpty; items--)
        {
            var end = rest.PositionOf((byte)'\n');
            rest = end is null ? rest.Slice(rest.End) : SkipWhite(rest.Slice(end.Value));
        }

        return rest;
    }

    public static int Count(ReadOnlySequence<byte> lines)
    {
        var items = 0;
        for (var rest = Skip(lines, 0); !rest.IsEmpty; rest = Skip(rest, 1))
        {
            items++;
        }

        return items;
    }

    public static bool IsWhite(byte letter) => White.Contains(letter);

    private static ReadOnlySequence<byte> SkipWhite(ReadOnlySequence<byte> lines)
    {
        var before = 0L;
        foreach (var segment in lines)
        {
            var at = segment.Span.IndexOfAnyExcept(White);
            if (at >= 0)
            {
                return lines.Slice(before + at);
            }

            before += segment.Length;
        }

        return lines.Slice(lines.End);
    }
}
