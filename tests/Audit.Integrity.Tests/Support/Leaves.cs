using System.Text;

namespace Audit.Integrity.Tests.Support;

/// <summary>Trees to test with.</summary>
internal static class Leaves
{
    public static byte[][] Of(int count) =>
        [.. Enumerable.Range(0, count).Select(i => TreeHash.Leaf(Encoding.UTF8.GetBytes($"leaf {i}")))];

    /// <summary>The leaf of the prototype whose figures are pinned.</summary>
    public static byte[] OfPrototype(int i) =>
        TreeHash.Leaf(Encoding.UTF8.GetBytes($$"""{"v":1,"seq":{{i}},"type":"tool_call.started"}"""));

    public static (GrowingTree Tree, MemoryTiles Tiles) Grow(IEnumerable<byte[]> leaves)
    {
        var tree = new GrowingTree();
        var completed = new List<LogTile>();
        foreach (var leaf in leaves)
        {
            tree.Append(leaf, completed);
        }

        return (tree, MemoryTiles.Of(tree, completed));
    }
}
