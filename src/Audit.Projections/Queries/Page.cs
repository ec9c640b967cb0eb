namespace Audit.Projections.Queries;

/// <param name="Next">Where the list goes on; null at its end.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);
