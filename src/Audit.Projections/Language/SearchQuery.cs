namespace Audit.Projections.Language;

/// <summary>A query of the investigation search, read and found to be one.</summary>
public sealed class SearchQuery
{
    internal SearchQuery(string text, IReadOnlyList<SearchTerm> terms)
    {
        Text = text;
        Terms = terms;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    internal IReadOnlyList<SearchTerm> Terms { get; }

    /// <param name="now">By which words such as `yesterday` are read.</param>
    /// <exception cref="SearchQueryException">It is none; the exception says where and what is accepted.</exception>
    public static SearchQuery Parse(string text, DateTimeOffset now) => new SearchParser(text, now).Parse();

    /// <summary>The query as the parser understood it: read again it is the same one.</summary>
    public override string ToString() => string.Join(' ', Terms.Select(Write));

    private static string Write(SearchTerm term) => (term.IsNegated ? "-" : "") + term switch
    {
        SearchTerm.Phrase { IsQuoted: true } phrase => Quote(phrase.Text),
        SearchTerm.Phrase phrase => phrase.Text,
        SearchTerm.Keyed keyed => $"{keyed.Key.Name}:{Write(keyed.Values)}",
        SearchTerm.Timed timed => $"{timed.Key.Name}:{Write(timed.Values)}",
        SearchTerm.Input input => $"input.{string.Join('.', input.Path)}:{Write(input.Values)}",
        _ => throw new ArgumentOutOfRangeException(nameof(term), term, "No such term."),
    };

    private static string Write(IReadOnlyList<SearchValue> values) =>
        string.Join(',', values.Select(value => value.IsQuoted ? Quote(value.Text) : value.Text));

    private static string Quote(string text) =>
        new StringBuilder(text).Replace("\\", "\\\\").Replace("\"", "\\\"").Insert(0, '"').Append('"').ToString();
}

/// <summary>A query that cannot be answered as it is; the message is a sentence for whoever wrote it.</summary>
/// <param name="offset">Where in the query the fault begins, in UTF-16 units.</param>
/// <param name="length">How far it reaches; 0 where something is missing.</param>
public sealed class SearchQueryException(string sentence, int offset, int length) : Exception(sentence)
{
    public int Offset { get; } = offset;

    public int Length { get; } = length;
}
