using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Audit.Projections.Feeding;

/// <summary>
/// Makes one short line of a text or a JSON value: what a list of commands shows of each. Of a long text no more is decoded
/// than is shown.
/// </summary>
internal static class ShortLine
{
    public const int Longest = 160;

    /// <summary>The members that say what a tool is asked to do, whatever else its input holds; the most telling first.</summary>
    private static readonly string[] Telling =
        ["command", "sql", "query", "statement", "path", "file_path", "url", "pattern", "cmd", "script"];

    /// <summary>Of the text that is the value of the current member.</summary>
    public static string? OfText(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            return OfString(json);
        }

        json.Skip();
        return null;
    }

    /// <param name="json">Stands at the first token of a tool's input; afterwards at its last.</param>
    public static string? OfInput(ref Utf8JsonReader json, ReadOnlySpan<byte> source)
    {
        if (json.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        if (json.TokenType == JsonTokenType.String)
        {
            return OfString(json);
        }

        var start = (int)json.TokenStartIndex;
        var telling = json.TokenType == JsonTokenType.StartObject ? TellingMember(ref json) : null;
        json.Skip();
        return telling ?? OfUtf8(source[start..(int)json.BytesConsumed]);
    }

    public static string OfUtf8(ReadOnlySpan<byte> utf8)
    {
        Span<char> line = stackalloc char[Longest];
        var isWhole = Utf8.ToUtf16(utf8, line, out _, out var length) == OperationStatus.Done;
        if (!isWhole)
        {
            // The last character makes room for the sign that there is more, and takes its other half with it.
            length = Math.Min(length, Longest - 1);
            length -= length > 0 && char.IsHighSurrogate(line[length - 1]) ? 1 : 0;
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
