namespace Audit.Projections.Language;

/// <summary>A key of the query language, as a person who writes a query wants to know it.</summary>
/// <param name="Name">As it is written, without the colon.</param>
/// <param name="Sentence">What it does.</param>
/// <param name="Values">All that it accepts, where that is a closed set; else empty.</param>
/// <param name="Example">A whole term.</param>
public sealed record SearchKeyInfo(
    SearchKey Key, string Name, string Sentence, IReadOnlyList<string> Values, string Example);
