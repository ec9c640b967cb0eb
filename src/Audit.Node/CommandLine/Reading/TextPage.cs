namespace Audit.Node.CommandLine.Reading;

/// <summary>A page of text for a person: a title, lines of names and values, and tables.</summary>
internal sealed class TextPage(Surroundings surroundings)
{
    private const int NameWidth = 14;

    private readonly List<string> leftOut = [];

    public void Title(string text) => surroundings.Out.WriteLine(PrintableText.Of(text));

    /// <summary>Nothing is printed of what is not known.</summary>
    public void Line(string name, object? value, bool isWhole = false)
    {
        var text = value is TimeText time ? surroundings.Times.WithAgo(time.Text)
            : Cells.Of(value, surroundings.Times, isWhole);
        var room = surroundings is { OutIsTerminal: true, IsWide: false }
            ? Math.Max(surroundings.Width - NameWidth - 2, NameWidth)
            : int.MaxValue;
        foreach (var line in text.Length == 0 ? [] : Lines(PrintableText.Of(text), room))
        {
            surroundings.Out.WriteLine($"  {name.PadRight(NameWidth)}{line}");
            name = "";
        }
    }

    /// <summary>A text in lines of so many places, parted between words where there are any.</summary>
    private static IEnumerable<string> Lines(string text, int room)
    {
        while (text.Length > room)
        {
            var end = text.LastIndexOf(' ', room);
            yield return text[..(end > 0 ? end : room)];
            text = text[(end > 0 ? end + 1 : room)..];
        }

        yield return text;
    }

    public void Table<T>(string title, IReadOnlyList<Column<T>> columns, IReadOnlyList<T> items)
    {
        if (items.Count == 0)
        {
            return;
        }

        surroundings.Out.WriteLine();
        surroundings.Out.WriteLine(title);
        leftOut.AddRange(Output.WriteTable(surroundings, columns, items).Except(leftOut));
    }

    /// <summary>Says what a person must know of the whole page.</summary>
    public void End(string? ending = null) => Output.WriteFoot(surroundings, leftOut, ending);
}
