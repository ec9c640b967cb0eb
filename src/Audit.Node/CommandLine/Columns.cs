using Spectre.Console;

namespace Audit.Node.CommandLine;

/// <summary>Rows for a person to read: a table on a terminal, else lines with tabs between that a script can cut.</summary>
public static class Columns
{
    public static void Write(Surroundings surroundings, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        if (surroundings.OutIsTerminal)
        {
            WriteTable(surroundings.Out, head, rows);
        }
        else
        {
            WriteLines(surroundings.Out, head, rows);
        }
    }

    private static void WriteTable(TextWriter to, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        foreach (var title in head)
        {
            table.AddColumn(new TableColumn(new Text(title)));
        }

        foreach (var row in rows)
        {
            table.AddRow(row.Select(cell => new Text(PrintableText.Of(cell))));
        }

        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(to) }).Write(table);
    }

    private static void WriteLines(TextWriter to, IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        to.WriteLine(string.Join('\t', head));
        foreach (var row in rows)
        {
            to.WriteLine(string.Join('\t', row.Select(PrintableText.Of)));
        }
    }
}
