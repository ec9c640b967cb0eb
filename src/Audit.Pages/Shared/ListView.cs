namespace Audit.Pages.Shared;

/// <summary>One page of a list, of those items that its reader may see.</summary>
public sealed record ListView<T>(IReadOnlyList<T> Items, string? Next);
