using System.Text.Encodings.Web;
using Spectre.Console;

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

    public async Task PrintListAsync<T>(IAsyncEnumerable<Answer<T>> items, IReadOnlyList<Column<T>> columns)
    {
        if (Format == OutputFormat.Table)
        {
            WriteTable(Surroundings, columns, await items.Select(item => item.Value).ToListAsync());
        }
        else
        {
            await PrintEachAsync(items, _ => { });
        }
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

    public static void WriteTable<T>(
        Surroundings surroundings, IReadOnlyList<Column<T>> columns, IEnumerable<T> items) =>
        WriteTable(
            surroundings, [.. columns.Select(column => column.Title)],
            items.Select(item => columns.Select(column => column.Text(item)).ToArray()));

    /// <summary>Rows for a person: a table on a terminal, else lines with tabs between that a script can cut.</summary>
    public static void WriteTable(
        Surroundings surroundings, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var printable = rows.Select(row => row.Select(PrintableText.Of));
        if (!surroundings.OutIsTerminal)
        {
            surroundings.Out.WriteLine(string.Join('\t', head));
            foreach (var row in printable)
            {
                surroundings.Out.WriteLine(string.Join('\t', row));
            }

            return;
        }

        var table = new Table { Border = TableBorder.Rounded };
        foreach (var title in head)
        {
            table.AddColumn(new TableColumn(new Text(title)));
        }

        foreach (var row in printable)
        {
            table.AddRow(row.Select(cell => new Text(cell)));
        }

        surroundings.Out.ToAnsiConsole().Write(table);
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
