namespace Audit.Projections.Queries;

/// <summary>A cursor that no page of this list gave.</summary>
public sealed class CursorException(string cursor) : Exception($"\"{cursor}\" is no cursor of this list.");
