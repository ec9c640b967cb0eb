namespace Audit.Api.Answers;

/// <summary>
/// Text from elsewhere, made fit to be looked at: what has no shape of its own, or would turn the line around, is named
/// instead, and no more is shown than asked for.
/// </summary>
public static class VisibleText
{
    private const char Pictures = '\u2400';

    /// <summary>In one line, as plain text, with an ellipsis where it was cut.</summary>
    public static string Of(string? text, int most) =>
        string.Concat(Segments(text ?? "", most, keepLines: false).Select(segment => segment.Text))
        + (IsLonger(text, most) ? "…" : "");

    public static bool IsLonger(string? text, int most) => text is not null && text.Length > most;

    /// <param name="keepLines">Line breaks and tabs are let through, for a place that shows them.</param>
    public static IReadOnlyList<TextSegment> Segments(string text, int most, bool keepLines)
    {
        var segments = new List<TextSegment>();
        var plain = new StringBuilder();
        foreach (var rune in Cut(text, most).EnumerateRunes())
        {
            if (!HiddenText.IsHidden(rune) || (keepLines && rune.Value is ('\n' or '\t')))
            {
                plain.Append(rune);
                continue;
            }

            Flush(segments, plain);
            segments.Add(new TextSegment(NameOf(rune), IsMark: true));
        }

        Flush(segments, plain);
        return segments;
    }

    private static void Flush(List<TextSegment> segments, StringBuilder plain)
    {
        if (plain.Length > 0)
        {
            segments.Add(new TextSegment(plain.ToString(), IsMark: false));
            plain.Clear();
        }
    }

    private static string Cut(string text, int most)
    {
        if (text.Length <= most)
        {
            return text;
        }

        return text[..(char.IsHighSurrogate(text[most - 1]) ? most - 1 : most)];
    }

    private static string NameOf(Rune rune) => rune.Value switch
    {
        < 0x20 => ((char)(Pictures + rune.Value)).ToString(),
        0x7f => "\u2421",
        var other => string.Create(CultureInfo.InvariantCulture, $"[U+{other:X4}]"),
    };
}

/// <summary>A piece of a text from elsewhere.</summary>
/// <param name="IsMark">It stands for a character that could not be seen, or would change what is seen.</param>
public readonly record struct TextSegment(string Text, bool IsMark);
