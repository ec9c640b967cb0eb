namespace Audit.Integrity.Verification;

/// <summary>A root that the log had at a size, and who says so.</summary>
internal sealed record KnownRoot(long Size, byte[] Root, KnownRootOrigin Origin, string? Note = null);
