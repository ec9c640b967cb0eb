using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>What a search found, newest first, and how far the index is.</summary>
public sealed record SearchPageAnswer(
    IReadOnlyList<SearchHitAnswer> Items, string? Next, long IndexedTo, long JournalEnd)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SearchCountsAnswer? Counts { get; init; }
}

/// <summary>A call or a note in which something was found.</summary>
public sealed record SearchHitAnswer
{
    public long Position { get; init; }

    public required string SessionId { get; init; }

    public string? ToolCallId { get; init; }

    public string? ToolName { get; init; }

    public string? State { get; init; }

    public string? Message { get; init; }

    public string? At { get; init; }

    public string? FirstAt { get; init; }

    public string? LastAt { get; init; }

    public string? TaskId { get; init; }

    public string? Agent { get; init; }

    public string? Host { get; init; }

    public string? Command { get; init; }

    public bool? Success { get; init; }

    public string? Decision { get; init; }

    public string? DecidedBy { get; init; }

    public string? Judgement { get; init; }

    public int? Violations { get; init; }

    public IReadOnlyList<string>? Anomalies { get; init; }

    public ExcerptAnswer? Excerpt { get; init; }
}

/// <summary>A piece of the text that was found; the marks are pairs of offset and length in it.</summary>
public sealed record ExcerptAnswer(
    string Place, string Text, IReadOnlyList<int[]> Marks, bool CutBefore, bool CutAfter);

/// <summary>How many hits there are, by tool and by state, the most first.</summary>
public sealed record SearchCountsAnswer(
    int Calls, int Notes, bool More, IReadOnlyDictionary<string, int> ByTool, IReadOnlyDictionary<string, int> ByState);

/// <summary>A key of the query language.</summary>
public sealed record SearchKeyAnswer(string Key, string Says, string Example, IReadOnlyList<string> Values);
