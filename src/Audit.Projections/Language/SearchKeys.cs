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
}

/// <summary>A key of the query language, as a person who writes a query wants to know it.</summary>
/// <param name="Name">As it is written, without the colon.</param>
/// <param name="Sentence">What it does.</param>
/// <param name="Values">All that it accepts, where that is a closed set; else empty.</param>
/// <param name="Example">A whole term.</param>
public sealed record SearchKeyInfo(
    SearchKey Key, string Name, string Sentence, IReadOnlyList<string> Values, string Example);
