namespace Audit.Api.Access;

/// <summary>Who makes a request: the name of the token is the name of the actor, always.</summary>
internal sealed record Bearer(string Name, Roles Roles, string? Agent, string? Task)
{
    public bool IsAdmin => (Roles & Roles.Admin) != 0;

    public bool HasAny(Roles wanted) => (Roles & (wanted | Roles.Admin)) != 0;

    /// <returns>Null when the token may speak of this agent and task, else the sentence that says why not.</returns>
    public string? RefuseBound(string? agent, string? task) =>
        Task is not null && task != Task ? $"The token is bound to the task \"{Task}\"; others are refused."
        : Agent is not null && agent != Agent ? $"The token is bound to the agent \"{Agent}\"; others are refused."
        : null;
}
