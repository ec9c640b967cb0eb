namespace Audit.Projections.Language;

/// <summary>
/// Reads a query: terms with spaces between them, each a word, a "phrase" or a `key:value`, and not meant with a minus
/// sign before it. All must hold, or with `OR` between them one; parentheses hold together what belongs together. What
/// stands in quotes is taken as it is; there `\"` is a quotation mark and `\\` a backslash.
/// </summary>
internal sealed class SearchParser(string text, DateTimeOffset now)
{
    public const int LongestQuery = 2_000;
    public const int MostTerms = 64;
    public const int MostValues = 64;
    public const int MostWithin = 16;

    private const string Or = "OR", And = "AND", Not = "NOT";
    private const string ForTheWord = "to look for the word itself, put it in quotes.";

    private static readonly string KeyNames = string.Join(", ", SearchKeys.All.Select(known => known.Name));

    private int at;
    private int terms;

    /// <summary>How many parentheses are open.</summary>
    private int open;

    public SearchQuery Parse()
    {
        if (text.Length > LongestQuery)
        {
            throw new SearchQueryException(
                $"A query has at most {LongestQuery} characters.", LongestQuery, text.Length - LongestQuery);
        }

        var root = ReadAny(isNegated: false);
        var count = SearchAlternatives.CountOf(root);
        return count <= SearchAlternatives.Most ? new SearchQuery(text, root) : throw new SearchQueryException(
            $"With every OR written out a query has at most {SearchAlternatives.Most} alternatives, and this one has "
            + $"{count}; ask for less at once. Values of one key stand with commas, as in tool:a,b.", 0, text.Length);
    }

    /// <summary>Reads up to the end, or to the parenthesis that closes.</summary>
    /// <param name="isNegated">What is read is not to hold: of all of it one, and of each alternative all.</param>
    private SearchNode ReadAny(bool isNegated)
    {
        var alternatives = new List<SearchNode>();
        var parts = new List<SearchNode>();
        (string Word, int At)? between = null;
        while (SkipSpaces() && !Closes())
        {
            var word = IsOperator(Or) ? Or : IsOperator(And) ? And : null;
            if (word is null)
            {
                parts.Add(ReadPart(isNegated));
                between = null;
                continue;
            }

            if (parts.Count == 0 || between is not null)
            {
                throw new SearchQueryException(
                    $"Before {word} stands what is looked for; {ForTheWord}", at, word.Length);
            }

            if (word == Or)
            {
                alternatives.Add(SearchNode.Of(!isNegated, parts));
                parts = [];
            }

            between = (word, at);
            at += word.Length;
        }

        if (between is { } last)
        {
            throw new SearchQueryException(
                $"After {last.Word} stands what is looked for; {ForTheWord}", last.At, last.Word.Length);
        }

        return SearchNode.Of(isNegated, [.. alternatives, SearchNode.Of(!isNegated, parts)]);
    }

    private SearchNode ReadPart(bool isNegated)
    {
        var start = at;
        if (IsOperator(Not))
        {
            at += Not.Length;
            return SkipSpaces() && !Closes() && !IsOperator(Or) && !IsOperator(And)
                ? ReadPart(!isNegated)
                : throw new SearchQueryException(
                    $"After {Not} stands what is not to be found; {ForTheWord}", start, Not.Length);
        }

        var isOther = isNegated != (text[at] == '-');
        at += text[at] == '-' ? 1 : 0;
        if (at == text.Length || char.IsWhiteSpace(text[at]) || (open > 0 && text[at] == ')'))
        {
            throw new SearchQueryException(
                "After a minus sign stands what is not to be found, without a space between them.", start, 1);
        }

        if (text[at] == '(')
        {
            return ReadGroup(isOther);
        }

        return terms++ < MostTerms ? ReadTerm(isOther, start) : throw new SearchQueryException(
            $"A query has at most {MostTerms} terms.", start, text.Length - start);
    }

    private SearchNode ReadGroup(bool isNegated)
    {
        var start = at++;
        if (++open > MostWithin)
        {
            throw new SearchQueryException($"At most {MostWithin} parentheses stand within each other.", start, 1);
        }

        if (SkipSpaces() && Closes())
        {
            throw new SearchQueryException("Between these parentheses stands nothing.", start, at + 1 - start);
        }

        var group = ReadAny(isNegated);
        if (at == text.Length)
        {
            throw new SearchQueryException("This ( is not closed; a ) must follow.", start, 1);
        }

        at++;
        open--;
        return at == text.Length || char.IsWhiteSpace(text[at]) || text[at] == ')'
            ? group
            : throw new SearchQueryException("After ) stands a space, another ) or nothing.", at, 1);
    }

    /// <summary>Whether a parenthesis closes here; where none is open that is a fault.</summary>
    private bool Closes() => text[at] == ')' && (open > 0 ? true : throw ClosesNothing());

    private SearchQueryException ClosesNothing() =>
        new("This ) closes nothing; to look for what stands before it, put that in quotes.", at, 1);

    private bool IsOperator(string word) => text.AsSpan(at).StartsWith(word, StringComparison.Ordinal)
        && (at + word.Length == text.Length || text[at + word.Length] is '(' or ')'
            || char.IsWhiteSpace(text[at + word.Length]));

    private SearchTerm ReadTerm(bool isNegated, int start)
    {
        if (text[at] == '"')
        {
            return ReadPhrase(isNegated, ReadQuoted(), start, isQuoted: true);
        }

        return KeyLength() is var length and > 0
            ? ReadKeyed(isNegated, length)
            : ReadPhrase(isNegated, ReadUntil(stopAtComma: false), start, isQuoted: false);
    }

    /// <summary>How long the name before a colon is; 0 where the term is none with a key.</summary>
    private int KeyLength()
    {
        var end = at;
        var isInput = text.AsSpan(at).StartsWith("input.", StringComparison.OrdinalIgnoreCase);
        while (end < text.Length && (isInput
            ? text[end] is not (':' or '"') && !char.IsWhiteSpace(text[end])
            : char.IsAsciiLetter(text[end]) || (end > at && text[end] is '-' or '_')))
        {
            end++;
        }

        return end < text.Length && text[end] == ':' ? end - at : 0;
    }

    private SearchTerm.Phrase ReadPhrase(bool isNegated, string words, int start, bool isQuoted)
    {
        var sequences = WordSequences.Of(words, isQuoted);
        return sequences.Count > 0
            ? new SearchTerm.Phrase(isNegated, words, isQuoted, sequences)
            : throw new SearchQueryException(
                $"There is nothing to look for in {text[start..at]}: words are made of letters and digits.", start,
                at - start);
    }

    private SearchTerm ReadKeyed(bool isNegated, int length)
    {
        var (start, name) = (at, text.Substring(at, length));
        at += length + 1;
        if (name.StartsWith("input.", StringComparison.OrdinalIgnoreCase))
        {
            return new SearchTerm.Input(
                isNegated, ReadPath(name["input.".Length..], start + "input.".Length), ReadValues(name));
        }

        var key = SearchKeys.Find(name) ?? throw new SearchQueryException(
            $"There is no key \"{name}\"; {Spelling.Meant(name, SearchKeys.All.Select(known => known.Name), "the")} "
            + $"keys are {KeyNames}. To look for these words themselves, put them in quotes.",
            start,
            length);
        var values = ReadValues(name);
        return key.Key is SearchKey.After or SearchKey.Before or SearchKey.During
            ? ReadTimes(isNegated, key, values)
            : new SearchTerm.Keyed(isNegated, key, values.Select(value => Checked(key, value)).ToList());
    }

    private static string[] ReadPath(string path, int offset)
    {
        var members = path.Split('.');
        return members.All(member => member.Length > 0)
            ? members
            : throw new SearchQueryException(
                "The path after input. is made of members with one dot between them, as in input.options.mode.", offset,
                path.Length);
    }

    private SearchTerm.Timed ReadTimes(bool isNegated, SearchKeyInfo key, List<SearchValue> values)
    {
        var ranges = values.Select(
            value => value.IsQuoted && key.Key == SearchKey.During ? null : SearchTimes.Read(value.Text, now)).ToList();
        for (var index = 0; index < values.Count; index++)
        {
            // Whatever is no day and no time of late may be the id of a window.
            ranges[index] = key.Key == SearchKey.During && ranges[index] is { } moment && moment.From == moment.Until
                ? null
                : ranges[index];
            if (ranges[index] is null && key.Key != SearchKey.During)
            {
                throw new SearchQueryException(
                    $"\"{values[index].Text}\" is no time; accepted are {SearchKeys.Times}.", values[index].Offset,
                    values[index].Length);
            }
        }

        return key.Key == SearchKey.During || values.Count == 1
            ? new SearchTerm.Timed(isNegated, key, values, ranges)
            : throw new SearchQueryException($"{key.Name} takes one time.", values[1].Offset, values[1].Length);
    }

    private static SearchValue Checked(SearchKeyInfo key, SearchValue value) =>
        key.Values.Count == 0 || key.Values.Contains(value.Text) ? value
        : throw new SearchQueryException(
            $"\"{value.Text}\" is nothing that {key.Name} knows; {MeantBy(key, value.Text)} are "
            + $"{string.Join(", ", key.Values)}.",
            value.Offset, value.Length);

    /// <summary>What may be meant by a value: one of the key, or one that another key has.</summary>
    private static string MeantBy(SearchKeyInfo key, string value) => Spelling.Meant(
        value,
        key.Values.Concat(SearchKeys.All.Where(other => other.Values.Contains(value))
            .Select(other => $"{other.Name}:{value}")),
        "accepted");

    private List<SearchValue> ReadValues(string name)
    {
        var values = new List<SearchValue>();
        while (true)
        {
            var start = at;
            var isQuoted = at < text.Length && text[at] == '"';
            if (at < text.Length && text[at] == '(')
            {
                throw new SearchQueryException(
                    $"Several values stand with commas, as in {name}:a,b; one that begins with ( is put in quotes.", at,
                    1);
            }

            var value = isQuoted ? ReadQuoted() : ReadUntil(stopAtComma: true);
            if (value.Length == 0)
            {
                throw new SearchQueryException($"After {name}: a value is missing.", start, at - start);
            }

            values.Add(new SearchValue(value, isQuoted, start, at - start));
            if (at == text.Length || char.IsWhiteSpace(text[at]) || (open > 0 && text[at] == ')'))
            {
                return values;
            }

            if (text[at] != ',')
            {
                throw new SearchQueryException(
                    "After a closing quotation mark stands a comma, a space or nothing.", at, 1);
            }

            at++;
            if (values.Count == MostValues)
            {
                throw new SearchQueryException($"A key takes at most {MostValues} values.", at, 0);
            }
        }
    }

    private string ReadQuoted()
    {
        var start = at++;
        var read = new System.Text.StringBuilder();
        for (; at < text.Length; at++)
        {
            if (text[at] == '"')
            {
                at++;
                return read.ToString();
            }

            at += text[at] == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' ? 1 : 0;
            read.Append(text[at]);
        }

        throw new SearchQueryException(
            "This quotation is not closed; another \" must follow.", start, text.Length - start);
    }

    /// <summary>A word or a value, with the parentheses that both open and close in it.</summary>
    private string ReadUntil(bool stopAtComma)
    {
        var (start, within) = (at, 0);
        for (; at < text.Length && !char.IsWhiteSpace(text[at]) && !(stopAtComma && text[at] == ','); at++)
        {
            within += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
            if (within >= 0)
            {
                continue;
            }

            if (open > 0)
            {
                break;
            }

            within = at + 1 < text.Length && !char.IsWhiteSpace(text[at + 1]) ? 0 : throw ClosesNothing();
        }

        return text[start..at];
    }

    private bool SkipSpaces()
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at < text.Length;
    }
}
