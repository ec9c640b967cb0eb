namespace Audit.Node.CommandLine.Terminal;

/// <summary>
/// Text that came from elsewhere, made fit for a terminal: what an agent wrote must not move the cursor of the one
/// who reads it.
/// </summary>
public static class PrintableText
{
    public static string Of(string text)
    {
        if (!text.EnumerateRunes().Any(HiddenText.IsHidden))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (HiddenText.IsHidden(rune))
            {
                printable.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
            }
            else
            {
                printable.Append(rune);
            }
        }

        return printable.ToString();
    }
}
