namespace Audit.Projections.Language;

/// <summary>
/// The keys of the query language: for the parser, for its errors, and for whoever completes a query while it is
/// written.
/// </summary>
public static class SearchKeys
{
    public static IReadOnlyList<SearchKeyInfo> All { get; } =
    [
        new(SearchKey.Tool, "tool", "The tool that was called.", [], "tool:sql.*"),
        new(SearchKey.Session, "session", "The session of the call.", [], "session:s-1"),
        new(SearchKey.Task, "task", "The task that the call belongs to.", [], "task:migrate-orders"),
        new(SearchKey.Agent, "agent", "The agent that made the call.", [], "agent:copilot*"),
        new(SearchKey.Source, "source", "The source that reported the call.", [], "source:ci"),
        new(SearchKey.Token, "token", "The token that reported the message.", [], "token:ci-7"),
        new(SearchKey.State, "state", "Where the call stands now.", Words.AllStates, "state:blocked,cancelled"),
        new(SearchKey.Outcome, "outcome", "The kind of the message.", Words.AllKinds, "outcome:completed"),
        new(
            SearchKey.Window, "window", "What the window's agent did for its task while it was open.", [],
            "window:w-7"),
        new(SearchKey.By, "by", "Who approved, refused or cancelled the call.", [], "by:alice"),
        new(SearchKey.Provider, "provider", "The provider of the model.", [], "provider:anthropic"),
        new(SearchKey.Model, "model", "The model that asked for the call.", [], "model:*opus*"),
        new(SearchKey.Is, "is", "A mark of the call as it is judged now.", CallMarks.Flags, "is:violation"),
        new(SearchKey.After, "after", "At this time or later.", [], "after:2026-11-17"),
        new(SearchKey.Before, "before", "Before this time.", [], "before:today"),
        new(SearchKey.During, "during", "While a window was open, on a day, or in the last hours.", [], "during:w-7"),
        new(
            SearchKey.Input, "input.<path>", "A value in the call's input: all of it, or words of it.", [],
            "input.sql:customers"),
        new(SearchKey.Parent, "parent", "The call in whose course the call was made.", [], "parent:call-7"),
        new(SearchKey.Success, "success", "What the last result of the call says.", ["true", "false"], "success:false"),
        new(SearchKey.User, "user", "Who decided on the call, or by whose token it was reported.", [], "user:alice"),
        new(
            SearchKey.Thing, "thing", "A table, file, host, address or package that the input names.", [],
            "thing:table:customers"),
        new(SearchKey.Reads, "reads", "A thing that the input reads.", [], "reads:table:customers"),
        new(SearchKey.Writes, "writes", "A thing that the input changes.", [], "writes:table:customers"),
        new(
            SearchKey.Would, "would", "What the policy would have decided, where it only observes.",
            ["approve-for-session", "approve-for-location", "approve-once", "ask", "reject"], "would:ask,reject"),
        new(
            SearchKey.Rule, "rule", "The rule by which the policy decided, or would have.", [],
            "rule:\"read freely\""),
    ];

    /// <summary>What <c>is:</c> accepts.</summary>
    public static IReadOnlyList<string> Marks => CallMarks.Flags;

    /// <summary>How times are written, as errors say it.</summary>
    internal const string Times =
        "a time (2026-11-17T14:00:00Z), a date (2026-11-17), today, yesterday, a weekday (tuesday, last-tuesday), "
        + "or how long ago (30m, 1h, 2d, 1w)";

    internal static SearchKeyInfo Of(SearchKey key) => All[(int)key];

    internal static SearchKeyInfo? Find(ReadOnlySpan<char> name)
    {
        foreach (var known in All)
        {
            if (name.Equals(known.Name, StringComparison.OrdinalIgnoreCase))
            {
                return known;
            }
        }

        return null;
    }
}

/// <summary>What a `key:value` of a query is about.</summary>
public enum SearchKey : byte
{
    Tool,
    Session,
    Task,
    Agent,
    Source,
    Token,
    State,
    Outcome,
    Window,
    By,
    Provider,
    Model,
    Is,
    After,
    Before,
    During,
    Input,
    Parent,
    Success,
    User,
    Thing,
    Reads,
    Writes,
    Would,
    Rule,
}

/// <summary>A key of the query language, as a person who writes a query wants to know it.</summary>
/// <param name="Name">As it is written, without the colon.</param>
/// <param name="Sentence">What it does.</param>
/// <param name="Values">All that it accepts, where that is a closed set; else empty.</param>
/// <param name="Example">A whole term.</param>
public sealed record SearchKeyInfo(
    SearchKey Key, string Name, string Sentence, IReadOnlyList<string> Values, string Example);

/// <summary>What somebody may have meant who wrote a word that is none of those that are known.</summary>
public static class Spelling
{
    private const int Longest = 64, ShortestBeginning = 3;

    /// <summary>The known word that is nearest to a written one; null where none is near.</summary>
    public static string? Nearest(string written, IEnumerable<string> known)
    {
        var word = Plain(written).TrimEnd('*');
        if (word.Length is 0 or > Longest)
        {
            return null;
        }

        // Of a short word another first letter makes another word.
        var farthest = Math.Clamp(word.Length / 3, 1, 3);
        return known.Select(other => (Name: other, Steps: Steps(word, Plain(other))))
            .Where(one => (one.Steps <= farthest && (word.Length > 4 || word[0] == Plain(one.Name)[0]))
                || (word.Length >= ShortestBeginning && Plain(one.Name).StartsWith(word, StringComparison.Ordinal))
                || one.Name.EndsWith(':' + written, StringComparison.Ordinal))
            .OrderBy(one => one.Steps).Select(one => one.Name).FirstOrDefault();
    }

    /// <summary>"the", or with a question before it: "did you mean tool? The".</summary>
    internal static string Meant(string written, IEnumerable<string> known, string otherwise) =>
        Nearest(written, known) is { } nearest
            ? $"did you mean {nearest}? {char.ToUpperInvariant(otherwise[0])}{otherwise[1..]}"
            : otherwise;

    private static string Plain(string word) => word.ToLowerInvariant().Replace('_', '-');

    /// <summary>How many letters are to be put in, taken out, replaced, or swapped with the next.</summary>
    private static int Steps(string from, string to)
    {
        var rows = new int[from.Length + 1, to.Length + 1];
        for (var left = 0; left <= from.Length; left++)
        {
            for (var right = 0; right <= to.Length; right++)
            {
                rows[left, right] = left == 0 || right == 0 ? left + right : Math.Min(
                    Math.Min(rows[left - 1, right], rows[left, right - 1]) + 1,
                    rows[left - 1, right - 1] + (from[left - 1] == to[right - 1] ? 0 : 1));
                if (left > 1 && right > 1 && from[left - 1] == to[right - 2] && from[left - 2] == to[right - 1])
                {
                    rows[left, right] = Math.Min(rows[left, right], rows[left - 2, right - 2] + 1);
                }
            }
        }

        return rows[from.Length, to.Length];
    }
}
