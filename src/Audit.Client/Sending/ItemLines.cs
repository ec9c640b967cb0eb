namespace Audit.Client.Sending;

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
