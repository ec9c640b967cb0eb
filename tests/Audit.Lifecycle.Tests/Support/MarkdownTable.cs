namespace Audit.Lifecycle.Tests.Support;

/// <summary>Reads a table as it stands in a document: the first row names the columns, the first column the rows.</summary>
internal sealed class MarkdownTable
{
    private readonly Dictionary<(string Row, string Column), string> cells = [];

    private MarkdownTable(IReadOnlyList<string> columns, IReadOnlyList<string> rows) => (Columns, Rows) = (columns, rows);

    public IReadOnlyList<string> Columns { get; }

    public IReadOnlyList<string> Rows { get; }

    public string this[string row, string column] => cells[(row, column)];

    public static MarkdownTable Parse(string markdown)
    {
        var lines = markdown.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries))
            .ToArray();
        var body = lines[2..];
        var table = new MarkdownTable(lines[0][1..], [.. body.Select(line => line[0])]);
        foreach (var line in body)
        {
            Assert.Equal(table.Columns.Count, line.Length - 1);
            for (var column = 0; column < table.Columns.Count; column++)
            {
                table.cells.Add((line[0], table.Columns[column]), line[column + 1]);
            }
        }

        return table;
    }
}
