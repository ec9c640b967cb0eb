using Audit.Integrity.Notes;
using Audit.Integrity.Tiles;

namespace Audit.Integrity.Storage;

/// <summary>What one step of sealing writes, as a whole or not at all.</summary>
/// <param name="After">The size of the newest checkpoint before; if another one is found, nobody knows what happened.</param>
/// <param name="Checkpoint">Null when the step only goes on with a tree that cannot be signed yet.</param>
internal sealed record SealStep(
    int Log, long After, IReadOnlyList<LogTile> Tiles, IReadOnlyList<BundleStart> Bundles, StoredCheckpoint? Checkpoint);
