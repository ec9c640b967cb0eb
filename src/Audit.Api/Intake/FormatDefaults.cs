using Audit.Api.Access;
using Audit.Api.Answers;

namespace Audit.Api.Intake;

/// <summary>What the query says of events that name no session, task or agent; without it, the headers of the intake say it.</summary>
internal static class FormatDefaults
{
    public static ItemDefaults Read(HttpContext context, QueryReader query, out Problem? problem)
    {
        var defaults = IntakeHeaders.Read(context, out problem);
        defaults = defaults with
        {
            SessionId = Id(query, "session", isSession: true) ?? defaults.SessionId,
            TaskId = Id(query, "task") ?? defaults.TaskId,
            Agent = Id(query, "agent") ?? defaults.Agent,
        };
        problem ??= query.Problem;
        var bearer = context.Bearer();
        if (problem is null && bearer.RefuseBound(defaults.Agent ?? bearer.Agent, defaults.TaskId ?? bearer.Task) is { } refusal)
        {
            problem = Problem.Forbidden(refusal);
        }

        return defaults;
    }

    private static string? Id(QueryReader query, string name, bool isSession = false)
    {
        var id = query.Text(name);
        if (id is not null && Ids.Refuse(id, Ids.MaxBytes, isSession) is { } refusal)
        {
            query.Refuse(name, refusal + ".");
        }

        return id;
    }
}
