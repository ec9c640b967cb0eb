using System.Text.RegularExpressions;

namespace Audit.Load.Reports;

/// <summary>Reads what `perf script` prints of stacks.</summary>
internal static partial class PerfStacks
{
    /// <summary>How a piece of work came to its thread: it would hide whose the work is.</summary>
    private static readonly string[] Plumbing =
    [
        "System.Threading.", "System.Runtime.CompilerServices.", "System.Private.CoreLib.dll", "libcoreclr.so",
        "libc.so.6 start_thread", "libc.so.6 clone3", "[unknown]", "stub ",
    ];

    /// <summary>A sample is the name of its thread, and below it a frame a line, the innermost first.</summary>
    public static async Task FoldAsync(TextReader lines, FlameGraph graph)
    {
        var (thread, frames) = ("", new List<string>());
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
            {
                Take();
            }
            else if (char.IsWhiteSpace(line[0]))
            {
                if (NameOf(line.Trim()) is var name && !Plumbing.Any(one => name.StartsWith(one, StringComparison.Ordinal)))
                {
                    frames.Add(name);
                }
            }
            else
            {
                Take();
                thread = line.Trim();
            }
        }

        Take();

        void Take()
        {
            if (thread.Length > 0)
            {
                frames.Add(thread);
                frames.Reverse();
                graph.Add(frames);
                frames.Clear();
                thread = "";
            }
        }
    }

    /// <summary>`7f… instance void [Audit.Journal] Audit.Journal.Sqlite.SqliteWriter::Work()[Tier] (/tmp/perf-1.map)`.</summary>
    public static string NameOf(string line)
    {
        if (Parts().Match(line) is not { Success: true } parts)
        {
            return line;
        }

        var (symbol, place) = (parts.Groups["symbol"].Value, Path.GetFileName(parts.Groups["place"].Value));
        return Method().Match(symbol) is { Success: true } method
            ? $"{method.Groups["type"].Value.Trim()}.{method.Groups["name"].Value}"
            : place.StartsWith("[kernel", StringComparison.Ordinal) ? "kernel " + symbol
            : place.EndsWith(".map", StringComparison.Ordinal) ? symbol
            : symbol == "[unknown]" ? place
            : $"{place} {symbol}";
    }

    [GeneratedRegex(@"^[0-9a-f]+ (?<symbol>.*) \((?<place>[^()]*(\(deleted\))?)\)$")]
    private static partial Regex Parts();

    [GeneratedRegex(@"\[[\w.]+\] (?<type>[^\s(\[:]+)(\[.*\])?::(?<name>[^(]+)\(")]
    private static partial Regex Method();
}
