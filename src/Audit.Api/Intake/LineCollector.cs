using System.Security.Cryptography;

namespace Audit.Api.Intake;

/// <summary>
/// Cuts a stream of bytes into lines, each copied once, into the buffer of the batch that will own them. Of a line that
/// is too large to be read the head is kept and the rest only hashed, so that no line is ever held that is larger.
/// </summary>
internal sealed class LineCollector(RecordHasher hasher) : IDisposable
{
    private const int FirstBytes = 64 << 10;
    private static readonly byte[] ByteOrderMark = [0xEF, 0xBB, 0xBF];

    private byte[] buffer = [];
    private int filled;
    private int lineStart;
    private List<RawItem> items = [];
    private bool atFirstLine = true;
    private LargeLine? large;
    private long line;

    public int Count => items.Count;

    public bool IsFull => items.Count >= IntakeLimits.BatchItems || lineStart >= IntakeLimits.BatchBytes;

    /// <summary>Takes bytes until the batch is full.</summary>
    /// <returns>How many were taken.</returns>
    public int Append(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length && !IsFull)
        {
            var rest = bytes[taken..];
            var end = rest.IndexOf((byte)'\n');
            Extend(end < 0 ? rest : rest[..end]);
            taken += end < 0 ? rest.Length : end + 1;
            if (end >= 0)
            {
                EndLine();
            }
        }

        return taken;
    }

    /// <summary>Ends a line, by its break or by the end of the body.</summary>
    public void EndLine()
    {
        line++;
        if (large is not null)
        {
            items.Add(new RawItem(0, 0, large.End(), line));
            large = null;
            return;
        }

        var text = buffer.AsSpan(lineStart, filled - lineStart);
        var mark = atFirstLine && text.StartsWith(ByteOrderMark) ? ByteOrderMark.Length : 0;
        atFirstLine = false;
        text = text[mark..].TrimEnd("\r"u8);
        if (text.ContainsAnyExcept(" \t\r"u8))
        {
            items.Add(new RawItem(lineStart + mark, text.Length, Line: line));
            lineStart = filled;
        }
        else
        {
            // An empty line is no item and takes no place.
            filled = lineStart;
        }
    }

    /// <summary>Hands over the lines and the buffer they lie in; a line that is not at its end yet stays.</summary>
    public (byte[] Buffer, List<RawItem> Items) Take()
    {
        var batch = (buffer, items);
        var begun = buffer.AsSpan(lineStart, filled - lineStart);
        items = new List<RawItem>(items.Count);
        buffer = begun.IsEmpty ? [] : ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, begun.Length));
        begun.CopyTo(buffer);
        filled = begun.Length;
        lineStart = 0;
        return batch;
    }

    public void Dispose()
    {
        large?.Dispose();
        Return(buffer);
        buffer = [];
    }

    public static void Return(byte[] buffer)
    {
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Extend(ReadOnlySpan<byte> piece)
    {
        if (large is not null)
        {
            large.Append(piece);
            return;
        }

        if (filled - lineStart + piece.Length > ItemLimits.Read)
        {
            large = new LargeLine(hasher, buffer.AsSpan(lineStart, filled - lineStart));
            large.Append(piece);
            filled = lineStart;
            return;
        }

        MakeRoom(piece.Length);
        piece.CopyTo(buffer.AsSpan(filled));
        filled += piece.Length;
    }

    private void MakeRoom(int more)
    {
        if (filled + more <= buffer.Length)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(FirstBytes, filled + more), 2 * buffer.Length));
        buffer.AsSpan(0, filled).CopyTo(larger);
        Return(buffer);
        buffer = larger;
    }

    /// <summary>The line that is passing by.</summary>
    private sealed class LargeLine : IDisposable
    {
        private readonly IncrementalHash hash;
        private readonly byte[] head = new byte[IntakeLimits.OversizedHeadBytes];
        private long length;

        public LargeLine(RecordHasher hasher, ReadOnlySpan<byte> begun)
        {
            hash = hasher.Begin();
            Append(begun);
        }

        public void Append(ReadOnlySpan<byte> piece)
        {
            if (length < head.Length)
            {
                piece[..(int)Math.Min(piece.Length, head.Length - length)].CopyTo(head.AsSpan((int)length));
            }

            hash.AppendData(piece);
            length += piece.Length;
        }

        public LargeItem End()
        {
            var whole = Fingerprint.From(hash.GetHashAndReset());
            Dispose();
            return new LargeItem(head, length, whole);
        }

        public void Dispose() => hash.Dispose();
    }
}
