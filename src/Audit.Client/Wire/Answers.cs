namespace Audit.Client.Wire;

/// <summary>An error as RFC 9457 has it.</summary>
public sealed record ProblemDocument(string? Type, string? Title, int Status, string? Detail)
{
    /// <summary>Where in a query the fault lies, in UTF-16 units.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Offset { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Length { get; init; }
}

/// <summary>A page of a list, and the cursor of the next one where there is more.</summary>
public sealed record ItemPage<T>(IReadOnlyList<T> Items, string? Next);
