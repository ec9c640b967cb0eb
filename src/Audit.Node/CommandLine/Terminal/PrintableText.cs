namespace Audit.Node.CommandLine.Terminal;

/// <summary>
/// Text that came from elsewhere, made fit for a terminal: what an agent wrote must not move the cursor of the one
/// who reads it.
/// </summary>
public static class PrintableText
{
    public static string Of(string text)
    {
        if (!text.Any(IsControl))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length + 16);
        foreach (var unit in text)
        {
            if (IsControl(unit))
            {
                printable.Append(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}");
            }
            else
            {
                printable.Append(unit);
            }
        }
        return printable.ToString();
    }

    // Direction marks change what a line seems to say as much as control characters do.
    private static bool IsControl(char unit) =>
        char.IsControl(unit) || CharUnicodeInfo.GetUnicodeCategory(unit)
            is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
