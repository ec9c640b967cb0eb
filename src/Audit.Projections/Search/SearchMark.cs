namespace Audit.Projections.Search;

/// <summary>A place in an excerpt that the query asked for, in UTF-16 units.</summary>
public readonly record struct SearchMark(int Offset, int Length);
