using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>A piece of what an event says, with the places that a query asked for.</summary>
/// <param name="Place">Where in the event it stands.</param>
/// <param name="Text">In one line.</param>
/// <param name="Marks">In order, and none within another.</param>
/// <param name="IsCutBefore">The text begins earlier.</param>
/// <param name="IsCutAfter">The text goes on.</param>
public sealed record SearchExcerpt(
    TextPlace Place, string Text, IReadOnlyList<SearchMark> Marks, bool IsCutBefore, bool IsCutAfter)
{
    public const int Longest = 240;
    private const int BeforeFirst = 60;

    internal static SearchExcerpt Of(TextPlace place, ReadOnlySpan<char> text, IReadOnlyList<SearchMark> marks)
    {
        var ordered = marks.OrderBy(mark => mark.Offset).ThenByDescending(mark => mark.Length).ToList();
        var start = Boundary(text, text.Length <= Longest ? 0 : Math.Max(ordered[0].Offset - BeforeFirst, 0));
        var end = Boundary(text, Math.Min(start + Longest, text.Length));
        var shown = new List<SearchMark>();
        var free = start;
        foreach (var mark in ordered)
        {
            var stop = Math.Min(mark.Offset + mark.Length, end);
            if (mark.Offset >= free && stop > mark.Offset)
            {
                shown.Add(new SearchMark(mark.Offset - start, stop - mark.Offset));
                free = stop;
            }
        }

        return new SearchExcerpt(place, OneLine(text[start..end]), shown, start > 0, end < text.Length);
    }

    /// <summary>Not between the halves of a character.</summary>
    private static int Boundary(ReadOnlySpan<char> text, int at) =>
        at > 0 && at < text.Length && char.IsLowSurrogate(text[at]) ? at - 1 : at;

    private static string OneLine(ReadOnlySpan<char> text)
    {
        Span<char> line = stackalloc char[text.Length];
        for (var index = 0; index < line.Length; index++)
        {
            line[index] = char.IsControl(text[index]) ? ' ' : text[index];
        }

        return line.ToString();
    }
}

/// <summary>A place in an excerpt that the query asked for, in UTF-16 units.</summary>
public readonly record struct SearchMark(int Offset, int Length);
