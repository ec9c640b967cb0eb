namespace Audit.Wire;

/// <summary>A session: its calls by state, who took part, and whether it was reported whole.</summary>
/// <param name="Source">Whose session it is.</param>
/// <param name="ReportedBy">The tokens of the source that wrote into it.</param>
/// <param name="States">Only the states that there are.</param>
/// <param name="AsOf">The position of the past that was asked for.</param>
internal sealed record SessionAnswer(
    string SessionId, string Source, int Calls, IReadOnlyDictionary<string, int> States, int OpenCalls,
    int Violations, int Lifted, int Messages, int Notes, IReadOnlyList<string> Anomalies, IReadOnlyList<string> Agents,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreAgents,
    IReadOnlyList<string> Tasks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreTasks,
    IReadOnlyList<string> ReportedBy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool MoreReportedBy,
    JudgedAnswer Judged, string? FirstAt, string? LastAt, string? StartedAt, string? EndedAt, long Position,
    long LastPosition, CompletenessAnswer? Completeness,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AsOf = null)
{
    /// <summary>Linked sources that report a session of this id; of one session asked for, and not of a list.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Linked { get; init; }

    /// <summary>What it comes to; of one session asked for, and not of a list.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public SentenceAnswer? Sentence { get; init; }

    /// <summary>
    /// Where rows of it were archived that were cut, or those of another source's session of this id where the request
    /// names no source; of one session asked for, and not of a list.
    /// </summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Archived { get; init; }

    /// <summary>Completed calls whose result says that they failed.</summary>
    [JsonPropertyOrder(1)]
    public int Failed { get; init; }
}

/// <summary>Whether all that a host numbered came.</summary>
internal sealed record CompletenessAnswer(
    bool Complete, long MissingMessages, IReadOnlyList<GapAnswer> Gaps, int OpenAfterEnd, int ReportedLate);

/// <summary>Numbers of a token that never came.</summary>
internal sealed record GapAnswer(string Token, long From, long To);

/// <summary>Where what was refused stands with those who review it.</summary>
internal abstract record ReviewedAnswer
{
    /// <summary>waiting, explained, reviewed or reopened; missing for what nobody reviews.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Review { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewedBy { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewedAt { get; init; }

    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ReviewReason { get; init; }

    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Finding { get; init; }

    /// <summary>For how many seconds it stood before it was lifted.</summary>
    [JsonPropertyOrder(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LiftedAfter { get; init; }
}

/// <summary>A message or an act that was refused.</summary>
/// <param name="Sequence">Of the message in its call, or of the act on its window.</param>
/// <param name="Verdict">What a review of it sends back: its cause, or "lifted".</param>
/// <param name="LiftedBy">The position of the message that shows that it was none.</param>
internal sealed record ViolationAnswer(
    long Position, string? SessionId, string? Source, string? ToolCallId, string? WindowId, string? ToolName, string? Message,
    string? From, string? Cause, string? Reason, string? At, string? ReceivedAt, string? Token, string? TaskId,
    string? Agent, bool Lifted,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? LiftedBy = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Sequence = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Verdict = null)
    : ReviewedAnswer;

/// <summary>What changed of a session, of a task or of the policy between two moments.</summary>
/// <param name="About">session, task or policy.</param>
/// <param name="Id">Of the policy its version at the second moment.</param>
internal sealed record DifferenceAnswer(string About, string Id)
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Source { get; init; }

    public MomentAnswer From { get; init; } = new(null, null);

    public MomentAnswer Until { get; init; } = new(null, null);

    /// <summary>How many changes there are of each kind, of all.</summary>
    public IReadOnlyDictionary<string, int> Counts { get; init; } = new Dictionary<string, int>();

    public IReadOnlyList<ChangeAnswer> Changes { get; init; } = [];

    /// <summary>There are more changes than stand here.</summary>
    public bool Cut { get; init; }

    /// <summary>The read models had not come as far as was asked: From and Until say what was compared.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Behind { get; init; }
}

/// <param name="Position">Null for before all.</param>
/// <param name="At">Null where it is not known, or not shown.</param>
internal sealed record MomentAnswer(long? Position, string? At)
{
    /// <summary>Of the policy.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Version { get; init; }
}

/// <param name="What">call, window or session; of the policy rule, tool or setting.</param>
/// <param name="Change">
/// began, ended, state, mark, unmark, violation, lifted, input, opened, closed, accepted, changed, added, removed or
/// moved.
/// </param>
/// <param name="Name">The tool of a call, the path of an input, the alias of a window, the member of a rule.</param>
internal sealed record ChangeAnswer(
    string What, string Id, string Change, string? Name = null, string? Before = null, string? After = null,
    string? At = null, long? Position = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Session = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Source = null);

/// <summary>A case: what a person puts together for others to read.</summary>
/// <param name="State">open or closed.</param>
/// <param name="Pins">How many pins it has now.</param>
/// <param name="Pinned">What it points to, as the book has it now; of one case asked for, and not of a list.</param>
/// <param name="History">All that was done with it; of one case asked for, too.</param>
internal sealed record CaseAnswer(
    string Id, string Title, string State, string OpenedBy, string OpenedAt, string? ClosedBy, string? ClosedAt,
    int Pins, int Notes, string LastAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<PinAnswer>? Pinned = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    IReadOnlyList<CaseActAnswer>? History = null);

/// <summary>What a case points to: a call, a window or a search.</summary>
/// <param name="Pin">Its number in the case.</param>
/// <param name="Through">The last position that the book had of it when it was pinned.</param>
/// <param name="Sentence">What it comes to now; null where the book has nothing of the kind.</param>
internal sealed record PinAnswer(
    long Pin, string? Source, string? SessionId, string? ToolCallId, string? WindowId, string? Query, string? Note,
    string By, string At, long? Through, string? Sentence)
{
    /// <summary>There is more of it than was looked at, or there was no time to look.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Cut { get; init; }
}

/// <summary>Something that was done with a case.</summary>
/// <param name="Text">The title, the note, or what is said of a pin.</param>
/// <param name="Pin">Which pin it is about.</param>
/// <param name="Sha256">Of the page for people that was exported.</param>
internal sealed record CaseActAnswer(
    long Position, string Act, string By, string At, string? Text, long? Pin, string? Sha256);

/// <summary>A search that is kept under a name.</summary>
/// <param name="Sort">By what a page orders it, with - the other way round; null for the book's order.</param>
/// <param name="Columns">Those that a page shows; null for all.</param>
/// <param name="Shared">Whether everybody sees it, or only who saved it.</param>
internal sealed record ViewAnswer(
    string Id, string Name, string Query, string? Sort, IReadOnlyList<string>? Columns, bool Shared, string By,
    string At);
