namespace Audit.Client.Wire;

/// <summary>An error as RFC 9457 has it.</summary>
public sealed record ProblemDocument(string? Type, string? Title, int Status, string? Detail)
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
public sealed record ChoiceAnswer(string Source, string Href);

/// <summary>A page of a list, and the cursor of the next one where there is more.</summary>
public sealed record ItemPage<T>(IReadOnlyList<T> Items, string? Next);
