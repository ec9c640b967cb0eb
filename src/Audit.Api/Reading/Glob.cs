namespace Audit.Api.Reading;

/// <summary>Patterns in which `*` stands for any text, and everything else for itself.</summary>
internal static class Glob
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        var (inPattern, inText) = (0, 0);
        var (star, retry) = (-1, 0);
        while (inText < text.Length)
        {
            if (inPattern < pattern.Length && pattern[inPattern] == '*')
            {
                (star, retry) = (inPattern++, inText);
            }
            else if (inPattern < pattern.Length && pattern[inPattern] == text[inText])
            {
                inPattern++;
                inText++;
            }
            else if (star >= 0)
            {
                // The last star takes one character more, and all behind it is tried again.
                (inPattern, inText) = (star + 1, ++retry);
            }
            else
            {
                return false;
            }
        }

        return !pattern[inPattern..].ContainsAnyExcept('*');
    }
}
