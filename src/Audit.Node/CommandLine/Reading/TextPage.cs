namespace Audit.Node.CommandLine.Reading;

/// <summary>A page of text for a person: a title, lines of names and values, and tables.</summary>
internal sealed class TextPage(Surroundings surroundings)
{
    private const int NameWidth = 14;

    public void Title(string text) => surroundings.Out.WriteLine(PrintableText.Of(text));

    /// <summary>Nothing is printed of what is not known.</summary>
    public void Line(string name, string value)
    {
        if (value.Length > 0)
        {
            surroundings.Out.WriteLine($"  {name.PadRight(NameWidth)}{PrintableText.Of(value)}");
        }
    }

    public void Table(string title, IReadOnlyList<Column> columns, JsonElement items)
    {
        if (items.GetArrayLength() == 0)
        {
            return;
        }

        surroundings.Out.WriteLine();
        surroundings.Out.WriteLine(title);
        Output.WriteTable(surroundings, columns, items.EnumerateArray());
    }
}
