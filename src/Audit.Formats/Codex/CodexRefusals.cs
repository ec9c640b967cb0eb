namespace Audit.Formats.Codex;

/// <summary>
/// What Codex itself says to the model in place of an answer of the tool: that the call was refused, and by whom, or
/// that it failed before it began. Only whole texts are read so: a tool may say any of it within its output.
/// </summary>
internal static class CodexRefusals
{
    private const string ExecFailed = "exec_command failed for `";
    private const string Wrapping = "`: CreateProcess { message: \"Rejected(\\\"", Wrapped = "\\\")\" }";

    private static readonly string[] OfUser =
    [
        "rejected by user", "exec command rejected by user", "patch rejected by user", "user rejected MCP tool call",
        "user cancelled MCP tool call",
    ];

    private static readonly string[] OfPolicy =
        ["rejected: blocked by policy", "approval required by policy, but AskForApproval is set to Never"];

    private static readonly string[] Failing =
    [
        ExecFailed, "write_stdin failed: ", "apply_patch verification failed: ", "unsupported call: ",
        "failed to parse function arguments: ",
    ];

    /// <returns>Null where the text says nothing of the kind.</returns>
    public static Outcome.Blocked? RefusalOf(string? text)
    {
        var said = text?.Trim() ?? "";
        return Within(said) is { } reason ? RefusalOf(reason) ?? Refused(reason, "denied", null)
            : OfUser.Contains(said) ? Refused(said, "denied-interactively-by-user", Deciders.Human)
            : IsOfPolicy(said) ? Refused(said, "denied-by-rules", Deciders.Policy)
            : Begins(said, "Command blocked by PreToolUse hook: ", "Tool call blocked by PreToolUse hook: ")
                ? Refused(said, "denied-by-hook", Deciders.Hook)
            : Begins(said, "This action was rejected due to unacceptable risk.")
                ? Refused(said, "denied", Deciders.Classifier)
            : null;
    }

    /// <summary>Nothing ran, or nothing is known of how it ended; it is no success.</summary>
    public static bool IsFailure(string text) => Begins(text.TrimStart(), Failing);

    private static bool IsOfPolicy(string said) => OfPolicy.Contains(said)
        || (said.StartsWith('`') && said.EndsWith("` rejected: blocked by policy", StringComparison.Ordinal))
        || (Begins(said, "patch rejected: ")
            && said.EndsWith("rejected by user approval settings", StringComparison.Ordinal));

    /// <summary>Why the start of a process was refused: twice quoted, for it is an error within an error.</summary>
    private static string? Within(string said)
    {
        var at = said.LastIndexOf(Wrapping, StringComparison.Ordinal) + Wrapping.Length;
        return Begins(said, ExecFailed) && at > Wrapping.Length && said.Length >= at + Wrapped.Length
            && said.EndsWith(Wrapped, StringComparison.Ordinal)
            ? Unquoted(Unquoted(said[at..^Wrapped.Length]))
            : null;
    }

    private static string Unquoted(string text)
    {
        var plain = new StringBuilder(text.Length);
        for (var at = 0; at < text.Length; at++)
        {
            var isEscaped = text[at] == '\\' && at + 1 < text.Length;
            at += isEscaped ? 1 : 0;
            plain.Append(isEscaped && text[at] == 'n' ? '\n' : text[at]);
        }

        return plain.ToString();
    }

    private static bool Begins(string text, params string[] begins) =>
        Array.Exists(begins, begin => text.StartsWith(begin, StringComparison.Ordinal));

    private static Outcome.Blocked Refused(string reason, string decision, string? source) =>
        new(reason) { Decision = decision, Source = source };
}
