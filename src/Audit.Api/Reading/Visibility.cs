using Audit.Api.Access;

namespace Audit.Api.Reading;

/// <summary>What a token that is bound to an agent or a task may see of the read models; any other sees all.</summary>
internal readonly struct Visibility(Bearer bearer)
{
    public bool Sees(SessionModel session) =>
        (bearer.Agent is null || session.Agents.Contains(bearer.Agent))
        && (bearer.Task is null || session.Tasks.Contains(bearer.Task));

    public bool Sees(CallModel call) => bearer.RefuseBound(call.Agent, call.Task) is null;

    public bool Sees(TaskModel task) =>
        (bearer.Task is null || task.TaskId == bearer.Task)
        && (bearer.Agent is null || task.Agents.Contains(bearer.Agent));

    public bool Sees(WindowModel window) => bearer.RefuseBound(window.Agent, window.Task) is null;

    public bool Sees(SearchHit hit) => bearer.RefuseBound(hit.Agent, hit.Task) is null;

    public bool Sees(ViolationModel violation) => bearer.RefuseBound(violation.Agent, violation.Task) is null;
}
