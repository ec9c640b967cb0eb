namespace Audit.Pages.Live;

/// <param name="Rows">The latest events that pass the filter, newest first.</param>
/// <param name="After">The position from which the module reads on.</param>
public sealed record LiveView(IReadOnlyList<LiveRow> Rows, long After, string? Session, string? Task, string? Tool, bool WithAdministration);
