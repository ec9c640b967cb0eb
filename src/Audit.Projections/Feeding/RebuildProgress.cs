namespace Audit.Projections.Feeding;

/// <summary>How far a rebuild is: a position, of the journal's last.</summary>
public readonly record struct RebuildProgress(long Position, long End);
