using Audit.Integrity.Notes;

namespace Audit.Integrity.Verification;

/// <summary>What the node's own file remembers of the last signature.</summary>
/// <param name="Fault">Why the file cannot be used; null where it can, or there is none.</param>
internal readonly record struct NodeMemory(SignedCheckpoint? Checkpoint, string? Fault)
{
    public static NodeMemory Read(string? path)
    {
        if (path is null || !File.Exists(path))
        {
            return default;
        }

        try
        {
            return new NodeMemory(SignedCheckpoint.Parse(File.ReadAllBytes(path)), null);
        }
        catch (NoteFormatException failure)
        {
            return new NodeMemory(null, $"The node's file {path} is no checkpoint: {failure.Message}");
        }
    }

    /// <summary>Whether it remembers more of this log than the log has.</summary>
    public bool IsAheadOf(ILogSource? log) =>
        Checkpoint is { } known && log is not null && known.Checkpoint.Origin == log.Logs[^1].Origin
        && known.Checkpoint.Size > (log.Newest?.Size ?? 0);
}
