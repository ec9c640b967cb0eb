namespace Audit.Projections.Language;

/// <summary>A query of the investigation search, read and found to be one.</summary>
public sealed class SearchQuery
{
    internal SearchQuery(string text, SearchNode root)
    {
        Text = text;
        Root = root;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    internal SearchNode Root { get; }

    internal IEnumerable<SearchTerm> Terms => Root.Terms;

    /// <param name="now">By which words such as `yesterday` are read.</param>
    /// <exception cref="SearchQueryException">It is none; the exception says where and what is accepted.</exception>
    public static SearchQuery Parse(string text, DateTimeOffset now) => new SearchParser(text, now).Parse();

    /// <summary>Whether all that it finds has something in its input that it asks for.</summary>
    public bool AsksInput => Asks(Root);

    /// <summary>What its terms ask for, such as `input.email` or `tool`, without any value.</summary>
    public IReadOnlyList<string> Keys =>
    [
        .. Terms.Select(term => (term.IsNegated ? "-" : "") + term switch
        {
            SearchTerm.Keyed keyed => keyed.Key.Name,
            SearchTerm.Timed timed => timed.Key.Name,
            SearchTerm.Input input => $"input.{string.Join('.', input.Path)}",
            _ => "words",
        }).Distinct(),
    ];

    /// <summary>The query as it is read, without the times from which and until which all of it asks.</summary>
    public string WithoutTimes()
    {
        var parts = Root is SearchNode.All all ? all.Parts : [Root];
        var kept = parts.Where(part =>
            part is not SearchTerm.Timed { IsNegated: false, Key.Key: SearchKey.After or SearchKey.Before }).ToList();
        return kept.Count == 0 ? "" : Write(SearchNode.Of(isAll: true, kept));
    }

    /// <summary>A query for what an agent did, wherever or as one source tells it.</summary>
    public static string OfAgent(string agent, string? source) =>
        $"agent:{Quote(agent)}{(source is null ? "" : $" source:{Quote(source)}")}";

    /// <summary>The query as the parser understood it: read again it is the same one.</summary>
    public override string ToString() => Write(Root);

    private static bool Asks(SearchNode node) => node switch
    {
        SearchNode.All all => all.Parts.Any(Asks),
        SearchNode.Any any => any.Parts.All(Asks),
        _ => node is SearchTerm.Input { IsNegated: false },
    };

    private static string Write(SearchNode node) => node switch
    {
        SearchNode.Any any => string.Join(" OR ", any.Parts.Select(Write)),
        SearchNode.All all => string.Join(
            ' ', all.Parts.Select(part => part is SearchNode.Any ? $"({Write(part)})" : Write(part))),
        _ => Write((SearchTerm)node),
    };

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

    /// <summary>A value as a query has it, in quotes where it has to be.</summary>
    public static string Quoted(string value) =>
        value.All(unit => char.IsAsciiLetterOrDigit(unit) || unit is '_' or '.' or '-') ? value : Quote(value);

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

/// <summary>How the conditions of a query hang together; that one is not to hold, it says of itself.</summary>
internal abstract record SearchNode
{
    public sealed record All(IReadOnlyList<SearchNode> Parts) : SearchNode;

    public sealed record Any(IReadOnlyList<SearchNode> Parts) : SearchNode;

    public IEnumerable<SearchTerm> Terms => this switch
    {
        All all => all.Parts.SelectMany(part => part.Terms),
        Any any => any.Parts.SelectMany(part => part.Terms),
        _ => [(SearchTerm)this],
    };

    /// <summary>One node of several, none of which is of its own kind.</summary>
    public static SearchNode Of(bool isAll, IReadOnlyList<SearchNode> parts)
    {
        List<SearchNode> flat =
        [
            .. parts.SelectMany(part => part switch
            {
                All all when isAll => all.Parts,
                Any any when !isAll => any.Parts,
                _ => [part],
            }),
        ];
        return flat is [var single] ? single : isAll ? new All(flat) : new Any(flat);
    }
}

/// <summary>
/// A query as alternatives: all groups of one must hold, and of a group one of its terms. Terms that the index, or the
/// mark of a call, answers together stay together; all else that an OR parts is multiplied out.
/// </summary>
internal static class SearchAlternatives
{
    public const int Most = 16;

    public static IReadOnlyList<IReadOnlyList<SearchTerm[]>> Of(SearchNode node) => node switch
    {
        SearchNode.All all => all.Parts.Aggregate(
            (IReadOnlyList<IReadOnlyList<SearchTerm[]>>)[[]],
            (whole, part) => [.. whole.SelectMany(_ => Of(part), (begun, more) => Joined(begun, more))]),
        SearchNode.Any any =>
        [
            .. Groups(any).Select(group => (IReadOnlyList<SearchTerm[]>)[[.. group.Cast<SearchTerm>()]]),
            .. Others(any).SelectMany(Of),
        ],
        _ => [[[(SearchTerm)node]]],
    };

    /// <summary>How many they are, without making them; large numbers stay large.</summary>
    public static long CountOf(SearchNode node) => node switch
    {
        SearchNode.All all => all.Parts.Aggregate(1L, (count, part) => Math.Min(count * CountOf(part), int.MaxValue)),
        SearchNode.Any any => Math.Min(Groups(any).Count() + Others(any).Sum(CountOf), int.MaxValue),
        _ => 1,
    };

    private static IReadOnlyList<SearchTerm[]> Joined(
        IReadOnlyList<SearchTerm[]> begun, IReadOnlyList<SearchTerm[]> more) => [.. begun, .. more];

    private static IEnumerable<IEnumerable<SearchNode>> Groups(SearchNode.Any any) =>
        any.Parts.Where(part => KindOf(part) != 0).GroupBy(KindOf);

    private static IEnumerable<SearchNode> Others(SearchNode.Any any) => any.Parts.Where(part => KindOf(part) == 0);

    /// <summary>1 for what the mark of a call says, 2 for single words and names; 0 for what stands alone.</summary>
    private static int KindOf(SearchNode node) => node switch
    {
        SearchTerm { IsNegated: true } => 0,
        SearchTerm.Keyed { Key.Key: SearchKey.State or SearchKey.Is or SearchKey.Success } => 1,
        SearchTerm.Keyed { Key.Key: SearchKey.Window } => 0,
        SearchTerm.Keyed keyed => keyed.Values.Any(value => value.IsGlob) ? 0 : 2,
        SearchTerm.Phrase phrase => phrase.Sequences.All(words => words.Length == 1) ? 2 : 0,
        _ => 0,
    };
}

/// <summary>One condition of a query.</summary>
internal abstract record SearchTerm(bool IsNegated) : SearchNode
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
