namespace Audit.Lifecycle.Json;

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

    /// <summary>A space of any kind, or a letter that is not seen.</summary>
    public static bool IsBlank(char letter) =>
        char.IsWhiteSpace(letter) || (Rune.TryCreate(letter, out var rune) && IsHidden(rune));
}
