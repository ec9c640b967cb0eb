using Audit.Projections.Language;

namespace Audit.Projections.Search;

/// <summary>
/// Looks through the texts of one event for words in a row, and keeps the piece of text that shows the most of them.
/// </summary>
/// <param name="wanted">Groups, of each of which one sequence is to stand in some text.</param>
internal sealed class TextFinder(IReadOnlyList<IReadOnlyList<string[]>> wanted) : ITextVisitor
{
    private readonly List<(string Word, int Start, int Length)> parts = [];
    private readonly List<(string Word, int Start, int Length)> wholes = [];
    private readonly List<SearchMark> marks = [];
    private int best;
    private int words;

    /// <summary>Of each group, whether it was found.</summary>
    public bool[] Found { get; } = new bool[wanted.Count];

    public SearchExcerpt? Excerpt { get; private set; }

    public void Visit(TextPlace place, ReadOnlySpan<char> text, bool isKey)
    {
        if (words >= IndexLimits.MostWords)
        {
            return;
        }

        Split(text);
        marks.Clear();
        var groups = 0;
        for (var group = 0; group < wanted.Count; group++)
        {
            var before = marks.Count;
            foreach (var sequence in wanted[group])
            {
                Find(sequence);
            }

            Found[group] |= marks.Count > before;
            groups += marks.Count > before ? 1 : 0;
        }

        // Of two texts that show as much, a value shows more than the name of a member, and other texts more than ids.
        var worth = groups == 0 ? 0 : 4 * groups + (isKey ? 0 : 2) + (place == TextPlace.Id ? 0 : 1);
        if (worth > best)
        {
            best = worth;
            Excerpt = SearchExcerpt.Of(place, text, marks);
        }
    }

    private void Split(ReadOnlySpan<char> text)
    {
        parts.Clear();
        wholes.Clear();
        var reader = new WordReader(text);
        Span<char> folded = stackalloc char[WordReader.LongestWord];
        while (words < IndexLimits.MostWords && reader.Next())
        {
            var word = folded[..Letters.Fold(reader.Word, folded)].ToString();
            (reader.IsWhole ? wholes : parts).Add((word, reader.Start, reader.Length));
            words += reader.IsWhole ? 0 : 1;
        }
    }

    private void Find(string[] sequence)
    {
        for (var first = 0; first + sequence.Length <= parts.Count; first++)
        {
            var matched = 0;
            while (matched < sequence.Length && parts[first + matched].Word == sequence[matched])
            {
                matched++;
            }

            if (matched == sequence.Length)
            {
                var (last, start) = (parts[first + matched - 1], parts[first].Start);
                marks.Add(new SearchMark(start, last.Start + last.Length - start));
            }
        }

        if (sequence.Length == 1)
        {
            marks.AddRange(
                wholes.Where(whole => whole.Word == sequence[0])
                    .Select(whole => new SearchMark(whole.Start, whole.Length)));
        }
    }
}
