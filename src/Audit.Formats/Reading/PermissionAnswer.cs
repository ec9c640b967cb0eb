namespace Audit.Formats.Reading;

/// <summary>
/// What an answer to a request for permission means. Copilot and its SDKs have two vocabularies for it, what a client
/// decides and what became of the request, and both are read wherever one of them is expected.
/// </summary>
internal static class PermissionAnswer
{
    private const string SaysNothing = "no-result";

    /// <param name="answer">An object with a kind, or the kind alone.</param>
    /// <param name="source">Who or what decided, where it stands beside the answer.</param>
    /// <returns>Null when the answer says nothing.</returns>
    public static Outcome? Read(JsonElement answer, string place, string? source)
    {
        if (answer.ObjectMember("result") is { } attributed && answer.Text("kind") is "attributed" or null)
        {
            var context = answer.ObjectMember("decisionContext");
            return Read(attributed, $"{place}.result", context?.Text("source") ?? source);
        }

        var kind = answer.ValueKind == JsonValueKind.String ? answer.GetString()! : answer.RequireText("kind", place);
        var feedback = answer.Text("feedback");
        if (ApprovingDecisions.Contains(kind))
        {
            return new Outcome.Approved(kind) { Source = source, By = Deciders.Of(source), Feedback = feedback };
        }

        if (kind == SaysNothing)
        {
            return null;
        }

        source ??= SourceOf(kind);
        return ReasonOf(kind, answer) is { } reason
            ? new Outcome.Blocked(reason)
            {
                Decision = kind, Source = source, By = Deciders.Of(source), Feedback = feedback,
            }
            : throw new UnreadableException(
                $"{place}.kind", $"\"{ShortText.Of(kind, ShortText.Quoted)}\" is no decision that is known");
    }

    private static string? ReasonOf(string kind, JsonElement answer) => kind switch
    {
        "reject" or "denied-interactively-by-user" => answer.Text("feedback") ?? "rejected by the user",
        "user-not-available" => "the user was not available",
        "cancelled" => answer.Text("reason") ?? "the request for permission was cancelled",
        "denied-by-rules" => RulesOf(answer),
        "denied-no-approval-rule-and-could-not-request-from-user" =>
            "no rule approves it, and the user could not be asked",
        "denied-by-content-exclusion-policy" => ExclusionOf(answer),
        "denied-by-permission-request-hook" => answer.Text("message") ?? "denied by a permission request hook",
        // A refusal of a kind that is newer than this program is still a refusal.
        _ when kind.StartsWith("denied-", StringComparison.Ordinal) => answer.Text("message") ?? kind,
        _ => null,
    };

    private static string? SourceOf(string kind) => kind switch
    {
        "denied-by-permission-request-hook" => Deciders.Hook,
        "denied-interactively-by-user" => Deciders.Human,
        "denied-by-rules" or "denied-by-content-exclusion-policy" => Deciders.Policy,
        "denied-no-approval-rule-and-could-not-request-from-user" or "user-not-available" => Deciders.Nobody,
        _ => null,
    };

    private static string RulesOf(JsonElement answer)
    {
        var rules = answer.ArrayMember("rules")
            .Select(rule => (Kind: rule.Text("kind"), Argument: rule.Text("argument")))
            .Select(rule => rule.Argument is null ? rule.Kind : $"{rule.Kind}({rule.Argument})")
            .OfType<string>();
        var listed = string.Join(", ", rules);
        return listed.Length == 0 ? "denied by rules" : $"denied by rules: {listed}";
    }

    private static string ExclusionOf(JsonElement answer) => (answer.Text("message"), answer.Text("path")) switch
    {
        ({ } message, { } path) => $"{message} ({path})",
        var (message, path) => message ?? path ?? "denied by a content exclusion policy",
    };
}

/// <summary>By which way a host says that a decision was made, and who then made it.</summary>
internal static class Deciders
{
    public const string Human = "human_response", Policy = "host_policy", Hook = "hook",
        Classifier = "assisted_approval", Nobody = "unattended_fallback";

    /// <returns>Null where the host does not say.</returns>
    public static string? Of(string? source) => source switch
    {
        Human => "user",
        Policy => "host policy",
        Hook => "hook",
        Classifier => "classifier",
        Nobody => "nobody",
        "authorization_carry_forward" => "user, earlier",
        _ => null,
    };
}
