using System.Globalization;

namespace Audit.Load.Reports;

/// <summary>Where time was spent: stacks folded into a tree, and the tree as a picture, callers above.</summary>
internal sealed class FlameGraph
{
    /// <summary>The most frames in a picture, the broadest of all.</summary>
    public const int MostFrames = 4_000;

    private const int Width = 1400, RowHeight = 17, Top = 58, LettersOfPixel = 7, MostListed = 25, MostLetters = 90;

    /// <summary>What is narrower is not drawn: nobody could read it.</summary>
    private const double Narrowest = 0.6;

    private static readonly (string Colour, string What, Func<string, bool> Is)[] Kinds =
    [
        ("#7fb3e6", "ours", name => name.StartsWith("Audit.", StringComparison.Ordinal)),
        ("#e6a57f", "the kernel", name => name.StartsWith("kernel ", StringComparison.Ordinal)),
        ("#e6d37f", "native libraries", name => name.StartsWith("lib", StringComparison.Ordinal)),
        ("#b9d9a8", "the framework, and others' libraries", _ => true),
    ];

    private readonly Frame root = new("all", 0);
    private readonly Dictionary<string, int> itself = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> owners = new(StringComparer.Ordinal);

    public int Samples => root.Count;

    /// <summary>What was being run, most of it first, as shares of all samples.</summary>
    public IEnumerable<(string Name, double Share)> ByItself => Shares(itself);

    /// <summary>For which of our types that was, by the innermost of ours on the stack.</summary>
    public IEnumerable<(string Name, double Share)> ByOwner => Shares(owners);

    /// <param name="frames">From the outermost to the innermost.</param>
    public void Add(IReadOnlyList<string> frames)
    {
        var at = root;
        at.Count++;
        foreach (var name in frames)
        {
            at = at.Below(name);
            at.Count++;
        }

        Count(itself, frames.Count == 0 ? root.Name : frames[^1]);
        Count(owners, frames.LastOrDefault(Kinds[0].Is) is { } ours ? TypeOf(ours) : "none of ours");
    }

    /// <summary>Each frame says its name and share when it is pointed at, and two lists say what is the most.</summary>
    public string Draw(string title)
    {
        var drawn = new List<Placed>();
        Place(root, 0, drawn);
        // A frame is never broader than its caller: the broadest of them are a tree too.
        var broadest = drawn.OrderByDescending(one => one.Frame.Count).ThenBy(one => one.Frame.Depth)
            .Take(MostFrames).ToArray();
        var below = Top + ((broadest.Max(one => one.Frame.Depth) + 2) * RowHeight);
        var svg = new Svg(Width, below + ((MostListed + 2) * RowHeight));
        svg.Text(10, 22, title, "font-size=\"14\"");
        foreach (var (index, kind) in Kinds.Index())
        {
            svg.Add($"<rect x=\"{10 + (index * 200)}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{kind.Colour}\"/>\n");
            svg.Text(26 + (index * 200), 44, kind.What);
        }

        foreach (var one in broadest)
        {
            Draw(svg, one);
        }

        List(svg, 10, below, "For which of our types, by the innermost on the stack", ByOwner);
        List(svg, 10 + (Width / 2), below, "What was being run itself", ByItself);
        return svg.End();
    }

    /// <summary>A line of a list of shares.</summary>
    public static string Line((string Name, double Share) one) =>
        $"{one.Share.ToString("0.0 %", CultureInfo.InvariantCulture),7}  {Short(one.Name, MostLetters)}";

    private static void List(
        Svg svg, double left, int top, string head, IEnumerable<(string Name, double Share)> shares)
    {
        svg.Text(left, top + RowHeight, head, "font-weight=\"bold\"");
        foreach (var (line, one) in shares.Take(MostListed).Index())
        {
            svg.Text(left, top + ((line + 2) * RowHeight), Line(one), "xml:space=\"preserve\"");
        }
    }

    private void Place(Frame frame, double left, List<Placed> drawn)
    {
        var width = frame.Count * (double)Width / Math.Max(root.Count, 1);
        if (width < Narrowest && frame != root)
        {
            return;
        }

        drawn.Add(new Placed(frame, left, width));
        foreach (var below in frame.Frames)
        {
            Place(below, left, drawn);
            left += below.Count * (double)Width / root.Count;
        }
    }

    private void Draw(Svg svg, Placed one)
    {
        var (frame, left, width) = one;
        var top = Top + (frame.Depth * RowHeight);
        var letters = (int)(width / LettersOfPixel);
        var title = Line((frame.Name, frame.Count / (double)Math.Max(root.Count, 1))).Trim();
        svg.Add($"<g><title>{Svg.Escaped(title)}</title><rect x=\"{left:0.0}\" y=\"{top}\" width=\"{width:0.0}\" ");
        svg.Add($"height=\"{RowHeight - 1}\" fill=\"{Kinds.First(kind => kind.Is(frame.Name)).Colour}\"/>");
        if (letters >= 3)
        {
            svg.Text(left + 2, top + 12, Short(frame.Name, letters));
        }

        svg.Add($"</g>\n");
    }

    /// <summary>Without the method, and without what the compiler made of it.</summary>
    private static string TypeOf(string name)
    {
        var type = name.IndexOf('+') is var nested and > 0 ? name[..nested] : name[..name.LastIndexOf('.')];
        return (type.IndexOf('`') is var generic and > 0 ? type[..generic] : type).TrimEnd('.');
    }

    private static void Count(Dictionary<string, int> counts, string name) =>
        counts[name] = counts.GetValueOrDefault(name) + 1;

    private IEnumerable<(string Name, double Share)> Shares(Dictionary<string, int> counts) => counts
        .OrderByDescending(one => one.Value).ThenBy(one => one.Key, StringComparer.Ordinal)
        .Select(one => (one.Key, one.Value / (double)root.Count));

    private static string Short(string name, int letters) => name.Length <= letters ? name : name[..(letters - 1)] + "…";

    private sealed record Placed(Frame Frame, double Left, double Width);

    private sealed class Frame(string name, int depth)
    {
        private readonly SortedDictionary<string, Frame> below = new(StringComparer.Ordinal);

        public string Name => name;

        public int Depth => depth;

        public int Count { get; set; }

        public IEnumerable<Frame> Frames => below.Values;

        public Frame Below(string next) =>
            below.TryGetValue(next, out var known) ? known : below[next] = new Frame(next, depth + 1);
    }
}
