namespace Audit.Projections.Language;

/// <summary>
/// Cuts a text into words, for the index of either store and for queries alike: runs of letters and digits, and within
/// a run its parts as capitals show them. `customer_id` has the words customer and id, `customerId` the same, and being
/// one run also the whole, customerid, by which it is found too. A word is a piece of the text;
/// <see cref="Letters.Fold"/> makes it comparable.
/// </summary>
internal ref struct WordReader(ReadOnlySpan<char> text)
{
    /// <summary>Longer words are cut, in the index and in queries, so that what is longer is still found.</summary>
    public const int LongestWord = 64;

    private readonly ReadOnlySpan<char> text = text;
    private int at;
    private int runStart;
    private int runEnd;
    private int parts;
    private int runs;
    private bool hasCapitals;

    public int Start { get; private set; }

    public int Length { get; private set; }

    /// <summary>It is a run whose parts came before it.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>Not more than one run has come so far.</summary>
    public readonly bool IsOneRun => runs <= 1;

    public readonly ReadOnlySpan<char> Word => text.Slice(Start, Length);

    public bool Next()
    {
        IsWhole = at == runEnd && parts > 1;
        if (IsWhole)
        {
            (Start, Length, parts) = (runStart, runEnd - runStart, 0);
            return true;
        }

        if (at == runEnd && !FindRun())
        {
            return false;
        }

        Start = at;
        at = EndOfPart();
        Length = at - Start;
        parts++;
        return true;
    }

    private bool FindRun()
    {
        while (at < text.Length)
        {
            var kind = Letters.At(text, at, out var length);
            if (kind is not (LetterKind.None or LetterKind.Mark))
            {
                (runStart, parts) = (at, 0);
                runs++;
                runEnd = EndOfRun(at + length, kind);
                return true;
            }

            at += length;
        }

        runEnd = at;
        return false;
    }

    private int EndOfRun(int end, LetterKind first)
    {
        hasCapitals = false;
        while (end < text.Length)
        {
            var kind = Letters.At(text, end, out var length);
            if (kind == LetterKind.None
                || (kind != LetterKind.Mark && (first == LetterKind.Sign || kind == LetterKind.Sign)))
            {
                return end;
            }

            hasCapitals |= kind == LetterKind.Capital;
            end += length;
        }

        return end;
    }

    /// <summary>
    /// A capital after a small letter begins a part, and so does the last of several before a small one: `HTTPServer`.
    /// </summary>
    private readonly int EndOfPart()
    {
        if (!hasCapitals)
        {
            return runEnd;
        }

        var (before, last) = (LetterKind.None, LetterKind.None);
        var lastStart = at;
        for (var end = at; end < runEnd;)
        {
            var kind = Letters.At(text, end, out var length);
            if (kind == LetterKind.Capital && last == LetterKind.Letter)
            {
                return end;
            }

            if (kind == LetterKind.Letter && last == LetterKind.Capital && before == LetterKind.Capital)
            {
                return lastStart;
            }

            if (kind != LetterKind.Mark)
            {
                (before, last, lastStart) = (last, kind, end);
            }

            end += length;
        }

        return runEnd;
    }
}
