namespace Audit.Projections.Language;

/// <summary>One condition of a query; a query asks that all of them hold.</summary>
internal abstract record SearchTerm(bool IsNegated)
{
    /// <summary>A word or a phrase: one of these sequences of words must stand in one text.</summary>
    public sealed record Phrase(
        bool IsNegated, string Text, bool IsQuoted, IReadOnlyList<string[]> Sequences) : SearchTerm(IsNegated);

    /// <summary>One of the values must be that of the key.</summary>
    public sealed record Keyed(
        bool IsNegated, SearchKeyInfo Key, IReadOnlyList<SearchValue> Values) : SearchTerm(IsNegated);

    /// <summary>After, before, or during a time that the query says itself.</summary>
    public sealed record Timed(
        bool IsNegated, SearchKeyInfo Key, IReadOnlyList<SearchValue> Values, IReadOnlyList<TimeRange?> Ranges)
        : SearchTerm(IsNegated);

    /// <summary>One of the values must stand at the path of the input.</summary>
    public sealed record Input(
        bool IsNegated, IReadOnlyList<string> Path, IReadOnlyList<SearchValue> Values) : SearchTerm(IsNegated);
}

/// <summary>A value after a key.</summary>
internal sealed record SearchValue(string Text, bool IsQuoted, int Offset, int Length)
{
    /// <summary>In quotes an asterisk is an asterisk.</summary>
    public bool IsGlob => !IsQuoted && Text.AsSpan().ContainsAny('*', '?');

    /// <summary>The words that are looked for where it is to stand in a text.</summary>
    public IReadOnlyList<string[]> Sequences =>
        IsGlob ? WordSequences.CertainOf(Text) : WordSequences.Of(Text, isPhrase: true);

    public bool Matches(string? value) => value is not null && (IsGlob ? Glob.Matches(Text, value) : value == Text);
}

/// <summary>From a time until just before another, as read stores hold times.</summary>
internal readonly record struct TimeRange(long From, long Until)
{
    public bool Holds(long at) => From <= at && at < Until;
}
