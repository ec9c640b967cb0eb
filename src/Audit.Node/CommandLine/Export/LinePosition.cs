using System.Buffers.Text;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Export;

/// <summary>The position with which the last line of a piece begins, as far as lines say theirs.</summary>
internal static class LinePosition
{
    public static long? Of(ReadOnlySpan<byte> piece)
    {
        var end = piece.LastIndexOf((byte)'\n');
        if (end < 0)
        {
            return null;
        }

        var line = piece[..end];
        line = line[(line.LastIndexOf((byte)'\n') + 1)..];
        var name = "{\"position\":"u8;
        line = line.StartsWith(name) ? line[name.Length..] : line;
        return Utf8Parser.TryParse(line, out long position, out var length) && length < line.Length && line[length] == ','
            ? position
            : null;
    }
}
