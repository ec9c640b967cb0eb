using Spectre.Console.Rendering;

namespace Audit.Node.CommandLine.Terminal;

/// <summary>A column of a list for a person.</summary>
/// <param name="IsWhole">Its texts are not shortened where lines may be long.</param>
/// <param name="Rank">On a narrow terminal the columns of the highest rank go first; those of none stay.</param>
/// <param name="Colour">The code of a cell's colour, which never stands alone; null for none.</param>
internal sealed record Column<T>(
    string Title, Func<T, object?> Value, bool IsWhole = false, int Rank = 0, Func<T, string?>? Colour = null)
{
    private const int LeastText = 12, Rigid = int.MaxValue;

    /// <summary>How much of it must be seen: of a time all, of an id what tells it from others.</summary>
    public int Least { get; init; } = LeastText;

    public bool IsRigid
    {
        get => Least == Rigid;
        init => Least = value ? Rigid : LeastText;
    }

    public TableCell CellOf(T row, Times times) =>
        new(PrintableText.Of(Cells.Of(Value(row), times, IsWhole)), Colour?.Invoke(row));
}

/// <summary>What stands in one place of a table.</summary>
internal readonly record struct TableCell(string Text, string? Colour = null)
{
    /// <summary>In how many places of a terminal it stands: signs of some scripts take two.</summary>
    public int Width => new Segment(Text).CellCount();
}

/// <summary>
/// Rows of a terminal without boxes: as many columns as there is room for, what is too long cut with an ellipsis.
/// </summary>
internal sealed class TableLayout
{
    private const int Between = 2, LeastOfAll = 4;
    private const string Ellipsis = "…";

    private readonly IReadOnlyList<string> titles;
    private readonly IReadOnlyList<TableCell[]> rows;
    private readonly int[] natural;
    private readonly List<int> shown;
    private readonly int[] widths;

    /// <param name="ranks">Of the columns: 0 for those that stay.</param>
    /// <param name="least">How much of each must be seen.</param>
    /// <param name="width">Of the terminal; null for lines of any length.</param>
    public TableLayout(
        IReadOnlyList<string> titles, IReadOnlyList<TableCell[]> rows, IReadOnlyList<int> ranks,
        IReadOnlyList<int> least, int? width)
    {
        (this.titles, this.rows) = (titles, rows);
        natural = [.. titles.Select((title, index) => rows.Select(row => row[index].Width).Append(title.Length).Max())];
        widths = [.. natural.Zip(least, Math.Min)];
        // What no row has needs no room.
        shown =
        [
            .. Enumerable.Range(0, titles.Count)
                .Where(index => ranks[index] == 0 || rows.Any(row => row[index].Text.Length > 0)),
        ];
        LeftOut = width is { } room ? Fit(ranks, room) : [];
        if (width is null)
        {
            natural.CopyTo(widths, 0);
        }
    }

    /// <summary>The titles of the columns that there is no room for.</summary>
    public IReadOnlyList<string> LeftOut { get; }

    public void Write(TextWriter terminal, bool coloured)
    {
        var last = shown[^1];
        TableCell[] head = [.. titles.Select(title => new TableCell(title.ToUpperInvariant(), Ansi.Faint))];
        foreach (var row in rows.Prepend(head))
        {
            terminal.WriteLine(string.Concat(shown.Select(index => Place(row[index], index))).TrimEnd());
        }

        string Place(TableCell cell, int index)
        {
            var text = Cut(cell, widths[index]);
            var gap = index == last ? 0 : widths[index] + Between - new TableCell(text).Width;
            return Ansi.Of(text, coloured ? cell.Colour : null) + new string(' ', gap);
        }
    }

    /// <summary>A text in so many places, or what there is room for and a sign that there is more.</summary>
    public static string Cut(TableCell cell, int width)
    {
        if (cell.Width <= width)
        {
            return cell.Text;
        }

        var (cut, room) = (new StringBuilder(), width - Ellipsis.Length);
        foreach (var rune in cell.Text.EnumerateRunes())
        {
            room -= new TableCell(rune.ToString()).Width;
            if (room < 0)
            {
                break;
            }

            cut.Append(rune);
        }

        return cut.Append(Ellipsis).ToString();
    }

    private List<string> Fit(IReadOnlyList<int> ranks, int room)
    {
        var left = new List<int>();
        while (Needed() > room && shown.Where(index => ranks[index] > 0).ToList() is { Count: > 0 } droppable)
        {
            var next = droppable.MaxBy(index => (ranks[index], index));
            shown.Remove(next);
            left.Add(next);
        }

        // The least that is left may still be too much, and what is left over goes to those that need it most evenly.
        while (Needed() > room && shown.Where(index => widths[index] > LeastOfAll).ToList() is { Count: > 0 } wide)
        {
            widths[wide.MaxBy(index => widths[index])]--;
        }

        while (Needed() < room && shown.Where(index => widths[index] < natural[index]).ToList() is { Count: > 0 } cut)
        {
            widths[cut.MinBy(index => widths[index])]++;
        }

        return [.. left.Order().Select(index => titles[index])];
    }

    private int Needed() => shown.Sum(index => widths[index] + Between) - Between;
}

/// <summary>Colours of a terminal.</summary>
internal static class Ansi
{
    public const string Red = "31", Green = "32", Yellow = "33", Blue = "34", Teal = "36", Faint = "2", Loud = "31;1";

    public static string Of(string text, string? colour) =>
        colour is null || text.Length == 0 ? text : $"\u001b[{colour}m{text}\u001b[0m";

    /// <summary>Of a call's state. It never stands alone: the state's name is beside it.</summary>
    public static string? OfState(string? state) => state switch
    {
        "completed" => Green,
        "cached" or "replayed" => Teal,
        "failed" or "blocked" or "persistence_failed" => Red,
        "cancelled" or "invalidated" => Faint,
        "awaiting_confirmation" => Yellow,
        _ => Blue,
    };
}
