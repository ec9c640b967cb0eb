using System.Text;

namespace Audit.Architecture.Tests;

/// <summary>Who uses whom among the folders of a room, and the circles in it.</summary>
internal sealed class FolderGraph
{
    private readonly Dictionary<string, SortedDictionary<string, string>> uses = [];

    public FolderGraph(IEnumerable<FolderUse> all)
    {
        foreach (var use in all.Where(use => use.From != use.To))
        {
            UsesOf(use.To);
            UsesOf(use.From).TryAdd(use.To, use.Place);
        }
    }

    /// <summary>The graph of a project: of what it compiled to, and of its sources.</summary>
    public static FolderGraph Of(ProjectFile project)
    {
        var (compiled, types) = CompiledUses.Read(project.Assembly, project.Name);
        var sources = SourceFile.Below(Path.GetDirectoryName(project.RelativePath)!);
        return new FolderGraph([.. compiled, .. SourceUses.Read(sources, types)]);
    }

    /// <summary>For each set of folders that reach each other, its shortest circle in words.</summary>
    public IReadOnlyList<string> Circles()
    {
        var reached = uses.Keys.ToDictionary(folder => folder, Reached);
        var done = new HashSet<string>();
        var circles = new List<string>();
        var turning = uses.Keys.Where(folder => reached[folder].Contains(folder)).Order(StringComparer.Ordinal);
        foreach (var folder in turning)
        {
            if (done.Contains(folder))
            {
                continue;
            }

            var together = reached[folder]
                .Where(other => reached[other].Contains(folder))
                .Order(StringComparer.Ordinal)
                .ToList();
            done.UnionWith(together);
            circles.Add(Describe(together.Select(ShortestCircle).MinBy(circle => circle.Count)!, together.Count));
        }

        return circles;
    }

    private HashSet<string> Reached(string start)
    {
        var reached = new HashSet<string>();
        var waiting = new Stack<string>([start]);
        while (waiting.TryPop(out var folder))
        {
            foreach (var used in uses[folder].Keys.Where(reached.Add))
            {
                waiting.Push(used);
            }
        }

        return reached;
    }

    private List<string> ShortestCircle(string start)
    {
        var before = new Dictionary<string, string>();
        var waiting = new Queue<string>([start]);
        while (!before.ContainsKey(start))
        {
            var folder = waiting.Dequeue();
            foreach (var used in uses[folder].Keys.Where(used => before.TryAdd(used, folder)))
            {
                waiting.Enqueue(used);
            }
        }

        var circle = new List<string> { start };
        for (var folder = before[start]; folder != start; folder = before[folder])
        {
            circle.Insert(0, folder);
        }

        circle.Insert(0, start);
        return circle;
    }

    private string Describe(List<string> circle, int folders)
    {
        var text = new StringBuilder($"{folders} folders reach each other, for one: {string.Join(" -> ", circle)}");
        foreach (var (from, to) in circle.Zip(circle.Skip(1)))
        {
            text.Append($"\n  {from} -> {to}: {uses[from][to]}");
        }

        return text.ToString();
    }

    private SortedDictionary<string, string> UsesOf(string folder)
    {
        if (!uses.TryGetValue(folder, out var used))
        {
            uses[folder] = used = new SortedDictionary<string, string>(StringComparer.Ordinal);
        }

        return used;
    }
}
