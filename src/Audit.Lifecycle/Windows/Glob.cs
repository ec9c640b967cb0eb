namespace Audit.Lifecycle.Windows;

/// <summary>Patterns of names: `*` stands for any letters or none, and `?` for one.</summary>
public static class Glob
{
    public static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> name)
    {
        var (at, star, resume) = (0, -1, 0);
        for (var index = 0; index < name.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                (star, resume) = (at++, index);
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == name[index]))
            {
                at++;
                index++;
            }
            else if (star >= 0)
            {
                // The last star takes one letter more; what earlier ones took need not change.
                at = star + 1;
                index = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[at..].TrimStart('*').IsEmpty;
    }
}
