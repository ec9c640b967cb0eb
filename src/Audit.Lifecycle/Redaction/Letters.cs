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

        return at >= 2 && text[at - 2] == '\\' && text[at - 1] is 'n' or 'r' or 't' or 'b' or 'f'
            ? true
            : at >= 3 && text[at - 3] == '%' && char.IsAsciiHexDigit(text[at - 2]) && char.IsAsciiHexDigit(text[at - 1])
                ? true
                : at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u';
    }

    /// <summary>One character again and again, as examples have it.</summary>
    public static bool IsOneLetter(ReadOnlySpan<char> text) => text.IsEmpty || !text.ContainsAnyExcept(text[0]);

    public static bool HasDigit(ReadOnlySpan<char> text) => text.ContainsAnyInRange('0', '9');

    public static bool HasLetter(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('a', 'z') || text.ContainsAnyInRange('A', 'Z');

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
