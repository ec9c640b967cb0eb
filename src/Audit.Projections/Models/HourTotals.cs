namespace Audit.Projections.Models;

/// <summary>Calls by state: of all time, and hour by hour for those hours of a range that have any.</summary>
public sealed record HourTotals(HourModel All, IReadOnlyList<HourModel> Hours);
