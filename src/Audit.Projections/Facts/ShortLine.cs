using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Audit.Projections.Facts;

/// <summary>
/// Makes one short line of a text or a JSON value: what a list of commands shows of each. Of a long text no more is decoded
/// than is shown.
/// </summary>
internal static class ShortLine
{
    public const int Longest = 160;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = EventView.MaxDepth };

    /// <summary>The members that say what a tool is asked to do, whatever else its input holds; the most telling first.</summary>
    private static readonly string[] Telling =
        ["command", "sql", "query", "statement", "path", "file_path", "url", "pattern", "cmd", "script"];

    /// <param name="value">JSON; null is made of what is no text.</param>
    public static string? OfText(ReadOnlySpan<byte> value) => value is [(byte)'"', ..] ? OfInput(value) : null;

    /// <param name="input">The JSON of a tool's input, if it has any.</param>
    public static string? OfInput(ReadOnlySpan<byte> input)
    {
        if (input is [] or [(byte)'n', ..])
        {
            return null;
        }

        var json = new Utf8JsonReader(input, Options);
        json.Read();
        return json.TokenType == JsonTokenType.String ? OfString(json)
            : (json.TokenType == JsonTokenType.StartObject ? TellingMember(ref json) : null) ?? OfUtf8(input);
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

    private static string OfString(in Utf8JsonReader json) =>
        OfUtf8(json.ValueIsEscaped ? Encoding.UTF8.GetBytes(json.GetString()!) : json.ValueSpan);

    private static string? TellingMember(ref Utf8JsonReader json)
    {
        string? found = null;
        var rank = Telling.Length;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var index = RankOf(json, rank);
            json.Read();
            if (index < rank && json.TokenType == JsonTokenType.String)
            {
                (found, rank) = (OfString(json), index);
            }

            json.Skip();
        }

        return found;
    }

    /// <summary>The place of the member's name among those that are more telling than the best one found, else that one's.</summary>
    private static int RankOf(in Utf8JsonReader json, int best)
    {
        for (var index = 0; index < best; index++)
        {
            if (json.ValueTextEquals(Telling[index]))
            {
                return index;
            }
        }

        return best;
    }
}
