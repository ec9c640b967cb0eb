using System.Text.RegularExpressions;

namespace Audit.Formats.ClaudeCode;

/// <summary>
/// What a tool's result means. Claude Code writes refusals, interruptions and calls that never ran as results that
/// failed; newer versions say so in a word beside it, older ones by the text alone.
/// </summary>
internal static partial class ClaudeCodeOutcomes
{
    public const string ByUser = "denied-interactively-by-user", ByRules = "denied-by-rules", ByHook = "denied-by-hook",
        ByAutoMode = "denied-by-auto-mode",
        Unattended = "denied-no-approval-rule-and-could-not-request-from-user";

    private const string Rejected = "The user doesn't want to proceed with this tool use.";
    private const string RejectedWithin = "Permission for this tool use was denied.";
    private const string GivenUp = "The user doesn't want to take this action right now.";
    private const string Interrupted = "[Request interrupted by user";
    private const string AutoMode = "Permission for this action was denied by the Claude Code auto mode classifier";
    private const string UserWords = " user said:\n";
    private const string ErrorStart = "<tool_use_error>", ErrorEnd = "</tool_use_error>";

    /// <summary>The host's own tools, which alone are asked about by what they are to do.</summary>
    private static readonly string[] Shells = ["Bash", "PowerShell"],
        Files = ["Read", "Write", "Edit", "MultiEdit", "NotebookEdit", "NotebookRead", "Glob", "Grep", "LS", "LSP"];

    /// <param name="tool">Null where it is not known.</param>
    /// <param name="kind">Why it did not run, where a word says so.</param>
    /// <param name="feedback">What the user said to it, where that stands apart.</param>
    /// <param name="hasBegun">It showed progress, so that it ran, whatever is said of it.</param>
    public static Outcome Read(ToolResult result, string? tool, string? kind, string? feedback, bool hasBegun)
    {
        var text = result.Output;
        if (kind is null && result.Success)
        {
            return new Outcome.Completed(result);
        }

        return (kind is null ? RefusalOf(text, tool, hasBegun) : RefusalOf(kind, text)) switch
        {
            null => FailureOf(result),
            Outcome.Blocked refused when hasBegun =>
                new Outcome.Cancelled(refused.Reason) { By = Deciders.Of(refused.Source) },
            Outcome.Blocked refused => refused with
            {
                By = Deciders.Of(refused.Source), Feedback = feedback ?? refused.Feedback,
            },
            var stopped => stopped,
        };
    }

    private static Outcome RefusalOf(string kind, string text)
    {
        var told = RefusalOf(text, tool: null, hasBegun: false);
        return kind switch
        {
            "interrupted" or "cancelled" => told as Outcome.Cancelled ?? Stop(text),
            // It is said too where nobody was there to be asked.
            "user-rejected" => told is Outcome.Cancelled
                or Outcome.Blocked { Source: Deciders.Human or Deciders.Nobody }
                ? told : Refuse(text, ByUser, Deciders.Human),
            "permission-rule" => told is Outcome.Blocked { Source: Deciders.Policy or Deciders.Hook } ? told
                // Rules, hooks and programs that are asked are all called by this word.
                : new Outcome.Blocked(text),
            "automode-blocked" => Refuse(ReasonOf(text), ByAutoMode, Deciders.Classifier),
            "automode-unavailable" => Refuse(ReasonOf(text), ByAutoMode, Deciders.Nobody),
            // A word that is newer than this program: the call did not run all the same.
            _ => new Outcome.Blocked(text) { Decision = kind },
        };
    }

    /// <returns>Null for a result of something that was executed.</returns>
    private static Outcome? RefusalOf(string text, string? tool, bool hasBegun)
    {
        var at = text.IndexOf(UserWords, StringComparison.Ordinal);
        if (Begins(text, Rejected) || (Begins(text, RejectedWithin) && at >= 0))
        {
            return Refuse(text[..(text.IndexOf('.') + 1)], ByUser, Deciders.Human) with
            {
                Feedback = at < 0 ? null : text[(at + UserWords.Length)..],
            };
        }

        if (Begins(text, GivenUp) || Begins(text, Interrupted))
        {
            return Stop(Begins(text, GivenUp) ? GivenUp : text);
        }

        // What runs may say the same of what it was denied itself.
        return hasBegun ? null
            : Begins(text, AutoMode) ? Refuse(ReasonOf(text), ByAutoMode, Deciders.Classifier)
            : IsOf(HookError().Match(text), tool) ? Refuse(text, ByHook, Deciders.Hook)
            : IsOf(Rule().Match(text), tool) ? Refuse(text, ByRules, Deciders.Policy)
            : IsOf(Granted().Match(text), tool) || (Asks().IsMatch(text) && IsOne(Shells, tool))
                ? Refuse(text, Unattended, Deciders.Nobody)
            : Begins(text, RejectedWithin) ? new Outcome.Blocked(RejectedWithin)
            : null;
    }

    /// <summary>
    /// The host names the tool that it refuses, or says of its own tools what they were to do; what others answer may
    /// sound the same.
    /// </summary>
    private static bool IsOf(Match refusal, string? tool) => refusal.Success
        && (refusal.Groups["tool"] is { Success: true, Value: var named } ? tool is null || tool == named
            : !refusal.Groups["file"].Success || IsOne(Files, tool) || IsOne(Shells, tool));

    private static bool IsOne(string[] tools, string? tool) => tool is null || tools.Contains(tool);

    /// <summary>A failure of the tool itself, or of what came before it.</summary>
    private static Outcome FailureOf(ToolResult result)
    {
        var text = result.Output;
        if (!Begins(text, ErrorStart))
        {
            return new Outcome.Completed(result);
        }

        var end = text.LastIndexOf(ErrorEnd, StringComparison.Ordinal);
        var error = end < ErrorStart.Length ? text[ErrorStart.Length..] : text[ErrorStart.Length..end];
        return Begins(error, "Sibling tool call errored") || Begins(error, "Cancelled: parallel tool call")
            || Begins(error, "Streaming fallback")
            ? new Outcome.Cancelled(error) { By = "host" }
            : new Outcome.Invalidated(error);
    }

    private static Outcome.Blocked Refuse(string reason, string decision, string source) =>
        new(reason) { Decision = decision, Source = source };

    private static Outcome.Cancelled Stop(string reason) => new(reason) { By = Deciders.Of(Deciders.Human) };

    private static string ReasonOf(string text)
    {
        const string Why = "Reason: ";
        var at = text.IndexOf(Why, StringComparison.Ordinal);
        var end = at < 0 ? -1 : text.IndexOf(". If you have", at, StringComparison.Ordinal);
        return at < 0 ? text : end < 0 ? text[(at + Why.Length)..].TrimEnd('.') : text[(at + Why.Length)..end];
    }

    private static bool Begins(string text, string start) => text.StartsWith(start, StringComparison.Ordinal);

    [GeneratedRegex(
        "(?s)^Permission to (use (?<tool>\\S+)( with .{1,4096}?)?|(?<file>[a-z]+) .{1,4096}?) has been denied",
        RegexOptions.CultureInvariant)]
    private static partial Regex Rule();

    [GeneratedRegex(
        "(?s)^Claude requested permissions to (use (?<tool>[^\\s,]+)|(?<file>[a-z]+) .{1,4096}?), "
        + "but you haven't granted it",
        RegexOptions.CultureInvariant)]
    private static partial Regex Granted();

    [GeneratedRegex("^(Hook )?PreToolUse(:(?<tool>\\S+))? (hook |denied)", RegexOptions.CultureInvariant)]
    private static partial Regex HookError();

    [GeneratedRegex("^This( \\S+)? command (requires approval|contains multiple)", RegexOptions.CultureInvariant)]
    private static partial Regex Asks();
}
