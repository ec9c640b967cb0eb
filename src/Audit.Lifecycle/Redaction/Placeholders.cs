namespace Audit.Lifecycle.Redaction;

/// <summary>What stands in the place of a secret without being one.</summary>
internal static class Placeholders
{
    public const string BeginWord = "[redacted:";
    public const string Begin = BeginWord + " ";

    // An empty byte parts the arguments and the variables of a process.
    public static readonly SearchValues<char> Space = SearchValues.Create(" \t\0");
    public static readonly SearchValues<char> QuoteOrSeparator = SearchValues.Create(" \t\"'`\\:=>");

    // The last three are an ellipsis, in bytes.
    private static readonly SearchValues<char> Filling = SearchValues.Create("*.xX-_\u00E2\u0080\u00A6");

    private const string Middle = " bytes, keyed hash ";
    private const int HashLength = 22;

    private static readonly string[] Words =
    [
        "null", "none", "nil", "true", "false", "undefined", "string", "str", "text", "int", "bool", "boolean", "any",
        "bytes", "optional", "required", "hidden", "prompt", "env", "never", "unknown", "object", "number", "n/a",
        "required:", "empty", "masked", "redacted", "removed", "omitted",
    ];

    /// <summary>A variable, a place to fill in, stars, or what was redacted before.</summary>
    public static bool IsOne(ReadOnlySpan<char> value)
    {
        if (value.IsEmpty || IsRedacted(value))
        {
            return true;
        }

        if (value.Length > 64)
        {
            return Letters.IsOneLetter(value);
        }

        return IsWord(value) || !value.ContainsAnyExcept(Filling) || value[0] switch
        {
            '<' => value[^1] == '>',
            '{' => value[^1] == '}',
            '[' => value[^1] == ']' && value.Contains("redact", StringComparison.OrdinalIgnoreCase),
            '%' => value[^1] == '%' || value.Length <= 3 || value[1] == '(',
            '$' => value.Length > 1 && (value[1] is '{' or '(' || !value[1..].ContainsAnyExcept(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") && !char.IsAsciiDigit(value[1])),
            _ => false,
        };
    }

    /// <summary>A word that says of what kind a value is, or that there is none.</summary>
    public static bool IsWord(ReadOnlySpan<char> value)
    {
        foreach (var word in Words)
        {
            if (value.Equals(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a redaction wrote, at the beginning of a text: 0 when there is none.</summary>
    public static int RedactedLength(ReadOnlySpan<char> text)
    {
        if (!text.StartsWith(Begin, StringComparison.Ordinal))
        {
            return 0;
        }

        var middle = text[..Math.Min(text.Length, 160)].IndexOf(Middle);
        var end = middle + Middle.Length + HashLength;
        return middle > 0 && end < text.Length && text[end] == ']'
            && !text[(end - HashLength)..end].ContainsAnyExcept(Letters.WordOrDash)
            && !text[Begin.Length..middle].ContainsAnyExcept(Letters.RuleAndLength)
            ? end + 1
            : 0;
    }

    private static bool IsRedacted(ReadOnlySpan<char> value) => RedactedLength(value) == value.Length && !value.IsEmpty;
}
