namespace Audit.Api.Intake;

/// <summary>What the headers of a request say of all of its items.</summary>
internal static class IntakeHeaders
{
    /// <exception cref="RefusedException">A header is wrong, or the token is bound to something else.</exception>
    public static ItemDefaults Read(HttpContext context)
    {
        var bearer = context.Bearer();
        if (bearer.Source is not { } source)
        {
            throw new RefusedException(Problem.Forbidden(
                $"The token \"{bearer.Name}\" has no source to report as; make one with `audit token create "
                + "NAME --role ingest --source SOURCE`."));
        }

        return RequireBound(context, new ItemDefaults(source.Name, bearer.Name, default)
        {
            SessionId = Id(context, "Audit-Session", isSession: true),
            TaskId = Id(context, "Audit-Task"),
            Agent = Id(context, "Audit-Agent"),
            Bounds = new CallBounds(bearer.Agents, bearer.Tasks),
            Person = bearer.PersonBesideName,
        });
    }

    /// <summary>
    /// For events that name no session, task or agent the query says it, and without it the headers do.
    /// </summary>
    /// <exception cref="RefusedException">A header or a parameter is wrong, or the token is bound to something
    /// else.</exception>
    public static ItemDefaults ReadWithQuery(HttpContext context)
    {
        var (defaults, query) = (Read(context), context.Query());
        return RequireBound(context, defaults with
        {
            SessionId = RequirePlain(context, "session", query.Id("session", isSession: true)) ?? defaults.SessionId,
            TaskId = RequirePlain(context, "task", query.Id("task")) ?? defaults.TaskId,
            Agent = RequirePlain(context, "agent", query.Id("agent")) ?? defaults.Agent,
        });
    }

    public static bool WantsMinimal(HttpRequest request) =>
        request.Headers["Prefer"].Any(value => value is not null && value
            .Split([',', ';'], StringSplitOptions.TrimEntries)
            .Any(preference => preference.Replace(" ", "").Replace("\"", "")
                .Equals("return=minimal", StringComparison.OrdinalIgnoreCase)));

    private static string? Id(HttpContext context, string header, bool isSession = false)
    {
        var values = context.Request.Headers[header];
        if (values.Count == 0)
        {
            return null;
        }

        var sentence = values.Count > 1
            ? $"stands {values.Count} times; it stands once"
            : Ids.Refuse(values[0] ?? "", Ids.MaxBytes, isSession) ?? RefuseSecret(context, values[0]);
        return sentence is null ? values[0] : throw new RefusedException(Problem.BadHeader(header, sentence + "."));
    }

    private static string? RefuseSecret(HttpContext context, string? id) =>
        SecretIds.Refuse(context.RequestServices.GetService<Redactor>(), id);

    private static string? RequirePlain(HttpContext context, string name, string? id) =>
        RefuseSecret(context, id) is { } refusal ? throw QueryReader.Refusal(name, refusal + ".") : id;

    private static ItemDefaults RequireBound(HttpContext context, ItemDefaults defaults)
    {
        var bearer = context.Bearer();
        if (bearer.RefuseBound(
            defaults.Agent ?? bearer.Agents.FirstOrDefault(),
            defaults.TaskId ?? bearer.Tasks.FirstOrDefault()) is not { } refusal)
        {
            return defaults;
        }

        context.NoteOutside();
        throw new RefusedException(Problem.Forbidden(refusal));
    }
}
