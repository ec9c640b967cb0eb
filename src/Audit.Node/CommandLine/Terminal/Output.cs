using System.Text.Encodings.Web;

namespace Audit.Node.CommandLine.Terminal;

public enum OutputFormat
{
    Table,
    Json,
    Ndjson,
}

/// <summary>
/// Prints answers as it was asked for: as text for a person, as one JSON document, or as a line of JSON for each item.
/// </summary>
internal sealed class Output(Surroundings surroundings, OutputFormat format)
{
    // What is printed here goes to a terminal or a pipe and never into a page.
    private static readonly JsonSerializerOptions OneLine = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = ClientJson.MaxDepth,
    };

    private static readonly JsonSerializerOptions Indented = new(OneLine) { WriteIndented = true };

    public OutputFormat Format { get; } = format;

    public Surroundings Surroundings { get; } = surroundings;

    /// <param name="what">The items, as a person calls several of them.</param>
    /// <param name="end">How the list ends, known once it is read; null where it is whole.</param>
    public async Task PrintListAsync<T>(
        IAsyncEnumerable<Answer<T>> items, IReadOnlyList<Column<T>> columns, string what, ListEnd? end = null)
    {
        if (Format != OutputFormat.Table)
        {
            await PrintEachAsync(items, _ => { });
            return;
        }

        var all = await items.Select(item => item.Value).ToListAsync();
        if (all.Count == 0 && Surroundings.OutIsTerminal)
        {
            Surroundings.Out.WriteLine($"There are no {what}.");
            return;
        }

        WriteFoot(Surroundings, WriteTable(Surroundings, columns, all), end?.Sentence(all.Count, what));
    }

    /// <summary>Prints items one by one as they come, for a person by what the caller prints of each.</summary>
    public async Task PrintEachAsync<T>(IAsyncEnumerable<Answer<T>> items, Action<T> print)
    {
        if (Format == OutputFormat.Json)
        {
            var documents = await items.Select(item => item.Document).ToListAsync();
            Surroundings.Out.WriteLine(JsonSerializer.Serialize(documents, Indented));
            return;
        }

        await foreach (var item in items)
        {
            PrintLine(item, print);
        }
    }

    /// <summary>One of many that never end: a line, for a person by what the caller prints.</summary>
    public void PrintLine<T>(Answer<T> item, Action<T> print) =>
        Print(item.Document, OneLine, () => print(item.Value));

    /// <summary>One thing; for a person by what the caller prints.</summary>
    public void PrintOne<T>(Answer<T> answer, Action<T> print) =>
        PrintOne(answer.Document, () => print(answer.Value));

    public void PrintOne(JsonElement document, Action print) =>
        Print(document, Format == OutputFormat.Json ? Indented : OneLine, print);

    /// <summary>Rows for a person: a table on a terminal, else lines with tabs between that a script can cut.</summary>
    /// <returns>The titles of the columns that there was no room for.</returns>
    public static IReadOnlyList<string> WriteTable<T>(
        Surroundings surroundings, IReadOnlyList<Column<T>> columns, IEnumerable<T> items)
    {
        var times = surroundings.Times;
        List<TableCell[]> rows =
            [.. items.Select(item => columns.Select(column => column.CellOf(item, times)).ToArray())];
        if (!surroundings.OutIsTerminal)
        {
            surroundings.Out.WriteLine(string.Join('\t', columns.Select(column => column.Title)));
            foreach (var row in rows)
            {
                surroundings.Out.WriteLine(string.Join('\t', row.Select(cell => cell.Text)));
            }

            return [];
        }

        var layout = new TableLayout(
            [.. columns.Select(column => column.Title)], rows, [.. columns.Select(column => column.Rank)],
            [.. columns.Select(column => column.Least)], surroundings.IsWide ? null : surroundings.Width);
        layout.Write(surroundings.Out, surroundings.IsColoured);
        return layout.LeftOut;
    }

    /// <summary>What a person must know beside a table: where it ends, what is not in it, whose times.</summary>
    public static void WriteFoot(Surroundings surroundings, IReadOnlyList<string> leftOut, string? ending = null)
    {
        var hidden = leftOut.Count == 0 ? null : $"not shown: {string.Join(", ", leftOut)} (--wide)";
        var said = string.Join("; ", new[] { ending, hidden, surroundings.Times.Name }.Where(part => part is not null));
        if (surroundings.OutIsTerminal)
        {
            surroundings.Out.WriteLine(Ansi.Of(said, surroundings.IsColoured ? Ansi.Faint : null));
        }
    }

    private void Print(JsonElement document, JsonSerializerOptions options, Action print)
    {
        if (Format == OutputFormat.Table)
        {
            print();
        }
        else
        {
            Surroundings.Out.WriteLine(JsonSerializer.Serialize(document, options));
        }
    }
}

/// <summary>How a list ends that may go on.</summary>
internal sealed class ListEnd
{
    /// <summary>How many there are of all, where somebody counted.</summary>
    public long? Total { get; set; }

    /// <summary>There are more than were counted.</summary>
    public bool IsMore { get; set; }

    /// <summary>There is more than was read.</summary>
    public bool IsCut { get; set; }

    /// <returns>Null where the list is whole.</returns>
    public string? Sentence(int shown, string what) => !IsCut ? null
        : Total is { } total
            ? $"first {Cells.Number(shown)} of {Cells.Number(total)}{(IsMore ? " or more" : "")} {what}, "
                + $"--limit {total} shows {(IsMore ? "so many" : "all")}"
            : $"first {Cells.Number(shown)} {what}, there are more (--limit)";
}

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
