using Audit.Api.Access;
using Audit.Api.Answers;

namespace Audit.Api.Intake;

/// <summary>What the headers of a request say of all of its items.</summary>
internal static class IntakeHeaders
{
    public static ItemDefaults Read(HttpContext context, out Problem? problem)
    {
        var bearer = context.Bearer();
        var defaults = new ItemDefaults(bearer.Name, default)
        {
            SessionId = Id(context, "Audit-Session", isSession: true, out var badSession),
            TaskId = Id(context, "Audit-Task", isSession: false, out var badTask),
            Agent = Id(context, "Audit-Agent", isSession: false, out var badAgent),
            BoundAgent = bearer.Agent,
            BoundTask = bearer.Task,
        };
        problem = badSession ?? badTask ?? badAgent ?? RefuseBound(bearer, defaults);
        return defaults;
    }

    public static bool WantsMinimal(HttpRequest request) =>
        request.Headers["Prefer"].Any(value => value is not null && value
            .Split([',', ';'], StringSplitOptions.TrimEntries)
            .Any(preference => preference.Replace(" ", "").Replace("\"", "")
                .Equals("return=minimal", StringComparison.OrdinalIgnoreCase)));

    private static string? Id(HttpContext context, string header, bool isSession, out Problem? problem)
    {
        problem = null;
        var values = context.Request.Headers[header];
        if (values.Count == 0)
        {
            return null;
        }

        var sentence = values.Count > 1
            ? $"stands {values.Count} times; it stands once"
            : Ids.Refuse(values[0] ?? "", Ids.MaxBytes, isSession);
        problem = sentence is null ? null : Problem.BadHeader(header, sentence + ".");
        return values[0];
    }

    private static Problem? RefuseBound(Bearer bearer, ItemDefaults defaults) =>
        bearer.RefuseBound(defaults.Agent ?? bearer.Agent, defaults.TaskId ?? bearer.Task) is { } refusal
            ? Problem.Forbidden(refusal)
            : null;
}
