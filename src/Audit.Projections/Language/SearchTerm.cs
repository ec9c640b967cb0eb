namespace Audit.Projections.Language;

/// <summary>One condition of a query; a query asks that all of them hold.</summary>
internal abstract record SearchTerm(bool IsNegated)
{
    /// <summary>A word or a phrase: one of these sequences of words must stand in one text.</summary>
    public sealed record Said(bool IsNegated, string Text, bool IsQuoted, IReadOnlyList<string[]> Sequences) : SearchTerm(IsNegated);

    /// <summary>One of the values must be that of the key.</summary>
    public sealed record Keyed(bool IsNegated, SearchKeyInfo Key, IReadOnlyList<SearchValue> Values) : SearchTerm(IsNegated);

    /// <summary>After, before, or during a time that the query says itself.</summary>
    public sealed record Timed(bool IsNegated, SearchKeyInfo Key, IReadOnlyList<SearchValue> Values, IReadOnlyList<TimeRange?> Ranges)
        : SearchTerm(IsNegated);

    /// <summary>One of the values must stand at the path of the input.</summary>
    public sealed record Input(bool IsNegated, IReadOnlyList<string> Path, IReadOnlyList<SearchValue> Values) : SearchTerm(IsNegated);
}
