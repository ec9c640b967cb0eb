namespace Audit.Journal;

/// <summary>One event by its place in its stream.</summary>
public readonly record struct StreamPlace(StreamKey Stream, long Sequence);
