namespace Audit.Projections.TimeTravel;

/// <summary>What was true, and up to which position of the journal.</summary>
public sealed record Past<T>(long Position, T Item);
