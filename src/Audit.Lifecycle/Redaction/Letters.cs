namespace Audit.Lifecycle.Redaction;

/// <summary>
/// What texts are looked at for. A text here is the bytes of UTF-8 widened to characters, one each: all that the rules
/// look for is ASCII, and a place in the text is a place in the bytes.
/// </summary>
internal static class Letters
{
    private const string Digits = "0123456789";
    private const string Upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    private const string Alphabet = Upper + "abcdefghijklmnopqrstuvwxyz" + Digits;

    public static readonly SearchValues<char> UpperOrDigit = SearchValues.Create(Upper + Digits);
    public static readonly SearchValues<char> Alphanumeric = SearchValues.Create(Alphabet);
    public static readonly SearchValues<char> Word = SearchValues.Create(Alphabet + "_");
    public static readonly SearchValues<char> WordOrDash = SearchValues.Create(Alphabet + "_-");
    public static readonly SearchValues<char> WordDashOrDot = SearchValues.Create(Alphabet + "_-.");
    public static readonly SearchValues<char> AlphanumericOrDash = SearchValues.Create(Alphabet + "-%");
    public static readonly SearchValues<char> Base64 = SearchValues.Create(Alphabet + "+/=");
    public static readonly SearchValues<char> Digit = SearchValues.Create(Digits);
    public static readonly SearchValues<char> DigitOrSpace = SearchValues.Create(Digits + " \t");
    public static readonly SearchValues<char> Hex = SearchValues.Create(Digits + "abcdefABCDEF");
    public static readonly SearchValues<char> RuleAndLength = SearchValues.Create(Alphabet + "-, ");
    public static readonly SearchValues<char> Path = SearchValues.Create(Alphabet + "/_-");
    public static readonly SearchValues<char> Credential = SearchValues.Create(Alphabet + "._~+/=-");
    public static readonly SearchValues<char> QueryValue = SearchValues.Create(Alphabet + "._~+/=-%");

    private const int LongestColour = 20;

    private static readonly SearchValues<char> OfColour = SearchValues.Create(Digits + ";:");

    public static readonly SearchValues<char> Crypt = SearchValues.Create(Alphabet + "$./=,+-");

    private static readonly SearchValues<char> Mixed = SearchValues.Create(Alphabet + "_-+=~!");

    /// <summary>How many of the first characters are of these.</summary>
    public static int Run(ReadOnlySpan<char> text, SearchValues<char> letters)
    {
        var end = text.IndexOfAnyExcept(letters);
        return end < 0 ? text.Length : end;
    }

    /// <summary>
    /// Whether a word may begin here. The letter of an escape is no part of a word: texts hold texts that are still
    /// escaped, in JSON or in a URL.
    /// </summary>
    public static bool BeginsWord(ReadOnlySpan<char> text, int at)
    {
        if (at == 0 || !(char.IsAsciiLetterOrDigit(text[at - 1]) || text[at - 1] == '_'))
        {
            return true;
        }

        return (at >= 2 && text[at - 2] == '\\' && text[at - 1] is 'n' or 'r' or 't' or 'b' or 'f')
            || (at >= 3 && text[at - 3] == '%' && char.IsAsciiHexDigit(text[at - 2])
                && char.IsAsciiHexDigit(text[at - 1]))
            || (at >= 4 && text[at - 4] == '\\' && text[at - 3] == 'x')
            || (at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u')
            || (text[at - 1] == 'm' && EndsColour(text[..(at - 1)]));
    }

    /// <summary>How long the sequence is that gives a colour to what follows; 0 where there is none.</summary>
    public static int ColourLength(ReadOnlySpan<char> text)
    {
        var end = text.StartsWith("\u001B[") ? 2 + Run(text[2..], OfColour) : text.Length;
        return end < text.Length && text[end] == 'm' ? end + 1 : 0;
    }

    /// <summary>`[1;31`, to which an `m` belongs.</summary>
    private static bool EndsColour(ReadOnlySpan<char> text)
    {
        text = text[Math.Max(0, text.Length - LongestColour)..];
        var sign = text.LastIndexOfAnyExcept(OfColour);
        return sign >= 0 && text[sign] == '[';
    }

    /// <summary>One character again and again, as examples have it.</summary>
    public static bool IsOneLetter(ReadOnlySpan<char> text) => text.IsEmpty || !text.ContainsAnyExcept(text[0]);

    public static bool HasDigit(ReadOnlySpan<char> text) => text.ContainsAnyInRange('0', '9');

    public static bool HasLetter(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('a', 'z') || text.ContainsAnyInRange('A', 'Z');

    public static bool HasLetterOrDigit(ReadOnlySpan<char> text) => text.ContainsAny(Alphanumeric);

    public static bool HasUpper(ReadOnlySpan<char> text) => text.ContainsAnyInRange('A', 'Z');

    /// <summary>Ids and hashes: hex, with or without dashes.</summary>
    public static bool IsHex(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
        {
            if (!char.IsAsciiHexDigit(letter) && letter != '-')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Letters and digits, of hex too: for where something else says that it is a secret.</summary>
    public static bool IsToken(ReadOnlySpan<char> text, int least) =>
        text.Length >= least && HasDigit(text) && HasLetter(text) && !text.ContainsAny(" \t\r\n");

    /// <summary>Letters of both cases and digits, and nothing that stands in a path or a sentence.</summary>
    public static bool IsMixed(ReadOnlySpan<char> text, int least) =>
        text.Length >= least && HasDigit(text) && HasUpper(text) && text.ContainsAnyInRange('a', 'z')
        && !text.ContainsAnyExcept(Mixed);

    /// <summary>The same with more than one digit, for a word may hold one.</summary>
    public static bool IsMade(ReadOnlySpan<char> text, int least) =>
        IsMixed(text, least) && text.IndexOfAny(Digit) != text.LastIndexOfAny(Digit);

    /// <summary>Long and mixed enough that nobody would call a thing so.</summary>
    public static bool LooksRandom(ReadOnlySpan<char> text, int least) =>
        text.Length >= least && HasDigit(text) && HasLetter(text) && !IsHex(text) && !IsOneLetter(text)
        && !text.ContainsAny(" \t\r\n");
}

/// <summary>How values stand in a text: behind spaces, in quotes, or alone.</summary>
internal static class Values
{
    public const int MostSpaces = 24;
    private const int EscapedQuote = 5;

    // The last two are a space that breaks no line, in bytes.
    private static readonly SearchValues<char> Spaces = SearchValues.Create(" \t\0\u00C2\u00A0");
    private static readonly SearchValues<char> Backslash = SearchValues.Create("\\");

    /// <summary>What ends a value without quotes.</summary>
    private static readonly SearchValues<char> EndsValue = SearchValues.Create(" \t\r\n\0\u001B\"'`,;&<>|()[]{}\\");

    /// <summary>A value between quotes, which may be escaped; without an end it goes to the end of its line.</summary>
    public static bool TryQuoted(ReadOnlySpan<char> text, int at, out Range value)
    {
        value = default;
        var escapes = Letters.Run(text[at..Math.Min(text.Length, at + MostSpaces)], Backslash);
        if (escapes > 0 && EscapedQuoteAt(text, at + escapes) > 0)
        {
            var opened = at + escapes + EscapedQuote;
            var closed = text[opened..].IndexOf(text[(opened - EscapedQuote - 1)..opened]);
            value = opened..(closed < 0 ? text.Length : opened + text.Slice(opened, closed).TrimEnd('\\').Length);
            return true;
        }

        if (at + escapes >= text.Length || text[at + escapes] is not ('"' or '\'' or '`'))
        {
            return false;
        }

        var quote = text[at + escapes];
        var start = at + escapes + 1;
        var end = start;
        while (end < text.Length && text[end] is not ('\n' or '\r'))
        {
            var next = text[end..].IndexOfAny(quote, '\\', '\n');
            if (next < 0)
            {
                end = text.Length;
                break;
            }

            end += next;
            var run = Letters.Run(text[end..], Backslash);
            var isQuote = end + run < text.Length && text[end + run] == quote;
            if (text[end] == '\n' || (isQuote && (run == escapes || (escapes == 0 && run % 2 == 0))))
            {
                end += isQuote && escapes == 0 ? run : 0;
                break;
            }

            end = Math.Min(text.Length, end + run + 1);
        }

        value = start..Math.Min(end, text.Length);
        return true;
    }

    public static Range Unquoted(ReadOnlySpan<char> text, int at)
    {
        var redacted = Placeholders.RedactedLength(text[at..]);
        var length = redacted > 0 ? redacted : text[at..].IndexOfAny(EndsValue);
        return at..(length < 0 ? text.Length : at + length);
    }

    /// <summary>How long the spaces are, with what gives a colour to what is behind them.</summary>
    public static int SpacesAt(ReadOnlySpan<char> text, int at)
    {
        var near = text[at..Math.Min(text.Length, at + MostSpaces)];
        var spaces = Letters.Run(near, Spaces);
        while (Letters.ColourLength(near[spaces..]) is > 0 and var colour)
        {
            spaces += colour;
            spaces += Letters.Run(near[spaces..], Spaces);
        }

        return spaces;
    }

    /// <summary>How long the quote behind a name is, with the escapes before it.</summary>
    public static int QuoteAt(ReadOnlySpan<char> text, int at)
    {
        var escapes = Letters.Run(text[at..Math.Min(text.Length, at + MostSpaces)], Backslash);
        return escapes > 0 && EscapedQuoteAt(text, at + escapes) > 0 ? escapes + EscapedQuote
            : at + escapes < text.Length && text[at + escapes] is '"' or '\'' or '`' ? escapes + 1
            : 0;
    }

    /// <summary>A quote written by its number, as in JSON that stands in another text.</summary>
    private static int EscapedQuoteAt(ReadOnlySpan<char> text, int at) =>
        text[at..].StartsWith("u0022") || text[at..].StartsWith("u0027") ? EscapedQuote : 0;
}
