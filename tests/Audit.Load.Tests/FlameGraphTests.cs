using System.Xml.Linq;

namespace Audit.Load.Tests;

public sealed class FlameGraphTests
{
    private const string Script = """
        .NET TP Worker
            7f0000000001 [unknown] (/tmp/perf-7.map)
            7f0000000002 instance void [Audit.Journal] Audit.Journal.Sqlite.SqliteWriter+<Work>d__3::MoveNext()[Tier1] (/tmp/perf-7.map)
            7f0000000003 void [System.Private.CoreLib] System.Threading.ThreadPoolWorkQueue::Dispatch()[Tier1] (/tmp/perf-7.map)

        .NET TP Worker
            7f0000000004 sqlite3_step (/app/libe_sqlite3.so)
            7f0000000002 instance void [Audit.Journal] Audit.Journal.Sqlite.SqliteWriter+<Work>d__3::MoveNext()[Tier1] (/tmp/perf-7.map)

        .NET Sockets
            ffffffff8100 tcp_sendmsg ([kernel.kallsyms])
        .NET GC
        """;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public async Task what_perf_prints_is_folded_by_thread_and_names_of_methods()
    {
        var graph = new FlameGraph();
        await PerfStacks.FoldAsync(new StringReader(Script), graph);
        Assert.Equal(4, graph.Samples);
        Assert.Equal(
            [("Audit.Journal.Sqlite.SqliteWriter", 0.5), ("none of ours", 0.5)], graph.ByOwner);
        Assert.Equal(
            [".NET GC", "Audit.Journal.Sqlite.SqliteWriter+<Work>d__3.MoveNext", "kernel tcp_sendmsg", "libe_sqlite3.so sqlite3_step"],
            graph.ByItself.Select(one => one.Name));
    }

    [Theory]
    [InlineData("7f01 void [Audit.Engine] Audit.Engine.Local.LocalEngine`1[System.__Canon]::Run(int)[Tier1] (/tmp/perf-7.map)",
        "Audit.Engine.Local.LocalEngine`1.Run")]
    [InlineData(
        "7f01 instance class [System.Runtime] System.Threading.Tasks.Task [Audit.Api] "
            + "Audit.Api.Look+<>c__A0+<<-ctor>b__1>d::MoveNext()[Tier0] (/tmp/perf-7.map)",
        "Audit.Api.Look+<>c__A0+<<-ctor>b__1>d.MoveNext")]
    [InlineData("7f01 [unknown] (/usr/lib/libssl.so.3)", "libssl.so.3")]
    [InlineData("7f01 malloc (/usr/lib/libc.so.6)", "libc.so.6 malloc")]
    [InlineData("7f01 stub GenerateResolveStub (/tmp/perf-7.map)", "stub GenerateResolveStub")]
    [InlineData("what is this", "what is this")]
    public void a_frame_is_named_by_what_it_is(string line, string name) => Assert.Equal(name, PerfStacks.NameOf(line));

    [Fact]
    public void a_frame_is_as_broad_as_its_share_and_lies_below_its_caller()
    {
        var graph = new FlameGraph();
        graph.Add(["a", "b"]);
        graph.Add(["a", "c"]);
        graph.Add(["a", "c"]);
        graph.Add(["d"]);
        var frames = Frames(graph.Draw("title"));
        Assert.Equal((1400, 0), (frames["all"].Width, frames["all"].Left));
        Assert.Equal((1050, 0), (frames["a"].Width, frames["a"].Left));
        Assert.Equal((700, 350), (frames["c"].Width, frames["c"].Left));
        Assert.Equal((350, 1050), (frames["d"].Width, frames["d"].Left));
        Assert.True(frames["all"].Top < frames["a"].Top && frames["a"].Top < frames["c"].Top);
    }

    [Fact]
    public void whatever_a_name_has_in_it_the_picture_can_be_read()
    {
        const string Odd = "<script>alert(\"1 & 2\")</script>\u0001\uD83Dé😀";
        var graph = new FlameGraph();
        graph.Add([Odd, "]]>", "'\""]);
        var read = XDocument.Parse(graph.Draw(Odd));
        Assert.Empty(read.Descendants(Svg + "script"));
        Assert.Contains(read.Descendants(Svg + "title"), one => one.Value.Contains("alert(\"1 & 2\")</script>\uFFFD\uFFFDé😀"));
    }

    [Fact]
    public void however_much_was_seen_the_picture_has_a_bound_and_no_frame_without_its_caller()
    {
        var graph = new FlameGraph();
        var random = new Random(7);
        for (var sample = 0; sample < 30_000; sample++)
        {
            graph.Add([.. Enumerable.Range(0, 60).Select(depth => new string((char)('a' + random.Next(depth < 12 ? 2 : 1)), 300))]);
        }

        var svg = graph.Draw("title");
        Assert.InRange(svg.Length, 1, FlameGraph.MostFrames * 500);
        var drawn = XDocument.Parse(svg).Descendants(Svg + "g").Select(one => one.Element(Svg + "rect")!).ToArray();
        Assert.InRange(drawn.Length, 100, FlameGraph.MostFrames);
        var rows = drawn.ToLookup(one => (int)one.Attribute("y")!);
        foreach (var (row, above) in rows.Select(row => row.Key).Order().Zip(rows.Select(row => row.Key).Order().Skip(1)))
        {
            Assert.All(rows[above], one => Assert.Contains(rows[row], caller =>
                (double)caller.Attribute("x")! <= (double)one.Attribute("x")! + 0.1
                && (double)caller.Attribute("x")! + (double)caller.Attribute("width")!
                    >= (double)one.Attribute("x")! + (double)one.Attribute("width")! - 0.2));
        }
    }

    [Fact]
    public void nothing_seen_is_a_picture_too() => Assert.NotNull(XDocument.Parse(new FlameGraph().Draw("nothing")));

    private static Dictionary<string, (double Left, double Width, int Top)> Frames(string svg) => XDocument.Parse(svg)
        .Descendants(Svg + "g").ToDictionary(
            one => one.Element(Svg + "title")!.Value.Split("  ")[1],
            one => one.Element(Svg + "rect")! is var rect
                ? ((double)rect.Attribute("x")!, (double)rect.Attribute("width")!, (int)rect.Attribute("y")!) : default);
}
