namespace Audit.Wire;

/// <summary>An error as RFC 9457 has it.</summary>
internal sealed record ProblemDocument(string? Type, string? Title, int Status, string? Detail)
{
    /// <summary>Where in a query the fault lies, in UTF-16 units.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Offset { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Length { get; init; }

    /// <summary>With 300: what may be meant, each with its address.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ChoiceAnswer>? Choices { get; init; }
}

/// <summary>One of several sources that report what was asked for, and where to ask for that.</summary>
internal sealed record ChoiceAnswer(string Source, string Href);

/// <summary>What a search found, newest first, and how far the index is.</summary>
/// <param name="IndexedTo">Not for a token that is shown no positions, and neither is the journal's end.</param>
internal sealed record SearchPageAnswer(
    IReadOnlyList<SearchHitAnswer> Items, string? Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? IndexedTo,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? JournalEnd)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SearchCountsAnswer? Counts { get; init; }
}

/// <summary>A call or a note in which something was found.</summary>
internal sealed record SearchHitAnswer(
    long Position, string SessionId, string Source, string? ToolCallId, string? ToolName, string? State, string? Message,
    string? At, string? FirstAt, string? LastAt, string? TaskId, string? Agent, string? Token, string? Command,
    bool? Success, string? Decision, string? DecidedBy, string? ClaimedBy, string? Judgement, int? Violations,
    IReadOnlyList<string>? Anomalies, ExcerptAnswer? Excerpt);

/// <summary>A piece of the text that was found; the marks are pairs of offset and length in it.</summary>
internal sealed record ExcerptAnswer(
    string Place, string Text, IReadOnlyList<int[]> Marks, bool CutBefore, bool CutAfter);

/// <summary>How many hits there are, by tool and by state, the most first.</summary>
internal sealed record SearchCountsAnswer(
    int Calls, int Notes, bool More, IReadOnlyDictionary<string, int> ByTool, IReadOnlyDictionary<string, int> ByState);

/// <summary>A key of the query language.</summary>
internal sealed record SearchKeyAnswer(string Key, string Says, string Example, IReadOnlyList<string> Values);
