namespace Audit.Lifecycle.Json;

/// <summary>Shortens texts for people, with a sign that there was more.</summary>
public static class ShortText
{
    /// <summary>How much of a value an error quotes.</summary>
    public const int Quoted = 60;

    /// <param name="longest">How many characters stay, the sign not counted. No character is cut in half.</param>
    public static string Of(string text, int longest) =>
        text.Length <= longest ? text : text[..LengthOf(text, longest)] + "…";

    /// <summary>How much of the text is at most so long and ends with a whole character.</summary>
    public static int LengthOf(ReadOnlySpan<char> text, int longest) =>
        text.Length <= longest ? text.Length
        : longest > 0 && char.IsHighSurrogate(text[longest - 1]) ? longest - 1
        : longest;
}

/// <summary>Which letters are not seen where text is shown, or turn around what stands beside them.</summary>
public static class HiddenText
{
    /// <summary>Letters and marks that Unicode does not call so, and that show nothing.</summary>
    private static readonly SearchValues<char> Fillers = SearchValues.Create(
        "\u034F\u115F\u1160\u17B4\u17B5\u180B\u180C\u180D\u180F\u2800\u3164\uFFA0"
        + "\uFE00\uFE01\uFE02\uFE03\uFE04\uFE05\uFE06\uFE07\uFE08\uFE09\uFE0A\uFE0B\uFE0C\uFE0D\uFE0E\uFE0F");

    public static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        || (rune.IsBmp && Fillers.Contains((char)rune.Value)) || rune.Value is >= 0xE0100 and <= 0xE01EF;

    /// <summary>Letters of other scripts, and below them those that they are taken for.</summary>
    private const string Foreign =
        "\u0430\u0435\u043E\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04BB\u051B\u051D\u043A\u043C\u0442"
        + "\u03B1\u03BF\u03C1\u03BD\u03B9\u03BA\u03C5\u03C7\u0131\u0261\u1D0F";

    private const string Taken = "aeopcyxijsdhqwkmtaopvikuxigo";

    /// <summary>What a name looks like: two names of one shape are taken for one another.</summary>
    public static string ShapeOf(string name) => string.Concat(name.EnumerateRunes()
        .Where(rune => !IsHidden(rune) && !Rune.IsWhiteSpace(rune)).Select(ShapeOf));

    private static Rune ShapeOf(Rune rune)
    {
        // Letters as wide as those of the East stand in the order of the others.
        var narrow = rune.Value is >= 0xFF01 and <= 0xFF5E ? new Rune(rune.Value - 0xFEE0) : rune;
        var lower = Rune.ToLowerInvariant(narrow);
        return lower.IsBmp && Foreign.IndexOf((char)lower.Value) is >= 0 and var place ? new Rune(Taken[place]) : lower;
    }

    /// <summary>A space of any kind, or a letter that is not seen.</summary>
    public static bool IsBlank(char letter) =>
        char.IsWhiteSpace(letter) || (Rune.TryCreate(letter, out var rune) && IsHidden(rune));
}
