namespace Audit.Api.Access;

/// <summary>A token as somebody wants it. Bound to an agent or a task it may speak of no other.</summary>
internal sealed record NewToken(string Name, IReadOnlyList<string> Roles, string? Agent, string? Task);
