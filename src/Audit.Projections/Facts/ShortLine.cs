using System.Text.Unicode;

namespace Audit.Projections.Facts;

/// <summary>
/// Makes one short line of a text or a JSON value: what a list of commands shows of each. Of a long text no more is
/// decoded than is shown.
/// </summary>
internal static class ShortLine
{
    public const int Longest = 160;

    /// <param name="value">JSON; null is made of what is no text.</param>
    public static string? OfText(ReadOnlySpan<byte> value) => value is [(byte)'"', ..] ? OfInput(value) : null;

    /// <param name="input">The JSON of a tool's input, if it has any.</param>
    public static string? OfInput(ReadOnlySpan<byte> input)
    {
        var command = InputCommand.Of(input);
        return command.IsEmpty && input is not [(byte)'"', ..] ? null : OfUtf8(command);
    }

    public static string OfUtf8(ReadOnlySpan<byte> utf8)
    {
        Span<char> line = stackalloc char[Longest];
        var isWhole = Utf8.ToUtf16(utf8, line, out _, out var length) == OperationStatus.Done;
        if (!isWhole)
        {
            // The last character makes room for the sign that there is more, and takes its other half with it.
            length = ShortText.LengthOf(line[..length], Longest - 1);
            line[length++] = '…';
        }

        foreach (ref var letter in line[..length])
        {
            letter = letter < ' ' ? ' ' : letter;
        }

        return line[..length].ToString();
    }
}
