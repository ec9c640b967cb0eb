namespace Audit.Integrity.Verification;

/// <summary>A tree that is compared with the roots that the log is known to have had.</summary>
internal sealed class TreeTrial
{
    private readonly GrowingTree tree;

    public TreeTrial() => tree = new GrowingTree();

    private TreeTrial(TreeTrial other)
    {
        tree = other.tree.Clone();
        GoodUpTo = other.GoodUpTo;
        BadFrom = other.BadFrom;
    }

    public long Size => tree.Size;

    /// <summary>The largest size at which a known root was met.</summary>
    public long GoodUpTo { get; private set; }

    /// <summary>The smallest size at which a known root was missed; null where none was.</summary>
    public long? BadFrom { get; private set; }

    public IEnumerable<LogTile> Edge => tree.Edge();

    public TreeTrial Clone() => new(this);

    public void Append(ReadOnlySpan<byte> leaf, List<LogTile> completed) => tree.Append(leaf, completed);

    public bool HasRoot(ReadOnlySpan<byte> root) => tree.Root().AsSpan().SequenceEqual(root);

    /// <summary>Remembers whether the tree met the root that is known of a size.</summary>
    public void Judge(long size, bool met)
    {
        if (!met)
        {
            BadFrom ??= size;
        }
        else if (BadFrom is null)
        {
            GoodUpTo = size;
        }
    }
}
