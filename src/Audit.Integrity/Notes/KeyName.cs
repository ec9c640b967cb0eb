using System.Text;

namespace Audit.Integrity.Notes;

/// <summary>The name of a key, which is the origin of its log.</summary>
public static class KeyName
{
    public const string Accepted = "1 to 200 printable characters without spaces and without +, best a URL without its scheme";

    private const int Longest = 200;

    public static bool IsValid(string name) =>
        name.Length is > 0 and <= Longest
        && !name.Contains('+')
        && !name.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter))
        && !name.EnumerateRunes().Contains(Rune.ReplacementChar);
}
