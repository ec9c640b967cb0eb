using Audit.Integrity.Notes;
using Audit.Integrity.Tiles;

namespace Audit.Integrity.Sealing;

/// <summary>The tree of a log up to what is signed, and what is needed to go on from there.</summary>
internal sealed class SealedTree
{
    public required GrowingTree Tree { get; init; }

    /// <summary>The position of the last row in the tree, 0 for none.</summary>
    public required long LastPosition { get; set; }

    /// <summary>The leaf of that row.</summary>
    public required byte[] LastLeaf { get; init; }

    /// <summary>The size of the newest checkpoint in the store, 0 for none.</summary>
    public required long SignedSize { get; set; }

    /// <summary>
    /// A signed checkpoint that is larger than the tree: the tree must come to this very root before anything is signed.
    /// </summary>
    public required Checkpoint? Ahead { get; set; }
}
