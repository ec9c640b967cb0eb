namespace Audit.Api.Access;

/// <summary>Who makes a request: the name of the token is the name of the actor, always.</summary>
internal sealed record Bearer(string Name, Roles Roles, string? Agent, string? Task)
{
    public bool IsAdmin => (Roles & Roles.Admin) != 0;

    /// <summary>Whether the token is bound to an agent or a task, and may see no more than these.</summary>
    public bool IsBound => Agent is not null || Task is not null;

    public bool HasAny(Roles wanted) => (Roles & (wanted | Roles.Admin)) != 0;

    /// <returns>Null when the token may speak of this agent and task, else the sentence that says why not.</returns>
    public string? RefuseBound(string? agent, string? task) =>
        Task is not null && task != Task ? $"The token is bound to the task \"{Task}\"; others are refused."
        : Agent is not null && agent != Agent ? $"The token is bound to the agent \"{Agent}\"; others are refused."
        : null;
}

internal static class BearerOfRequest
{
    /// <summary>Who makes the request; only an endpoint that is open to all has none.</summary>
    public static Bearer Bearer(this HttpContext context) => context.Features.Get<Bearer>()
        ?? throw new InvalidOperationException("The endpoint is open to all, so nobody is known to ask.");
}
