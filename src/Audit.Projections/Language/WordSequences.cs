namespace Audit.Projections.Language;

/// <summary>
/// What is looked for when somebody writes words: their parts in a row, or, of one run, the run as a whole as well.
/// </summary>
internal static class WordSequences
{
    /// <returns>Nothing where there is no letter and no digit.</returns>
    public static IReadOnlyList<string[]> Of(string text, bool isPhrase)
    {
        var words = new List<string>();
        var wholes = new List<string>();
        var reader = new WordReader(text);
        Span<char> folded = stackalloc char[WordReader.LongestWord];
        while (reader.Next())
        {
            (reader.IsWhole ? wholes : words).Add(folded[..Letters.Fold(reader.Word, folded)].ToString());
        }

        // `customerId` is to find customerid and customer_id alike; with other words around it stands for its parts.
        return words.Count == 0 ? []
            : !isPhrase && wholes.Count == 1 && reader.IsOneRun ? [[.. words], [wholes[0]]]
            : [[.. words]];
    }

    /// <summary>
    /// The words, each by itself, that every text has which a glob matches: those that touch a wildcard may be parts of
    /// longer ones.
    /// </summary>
    public static IReadOnlyList<string[]> CertainOf(string glob)
    {
        var words = new List<string[]>();
        var reader = new WordReader(glob);
        Span<char> folded = stackalloc char[WordReader.LongestWord];
        while (reader.Next())
        {
            var end = reader.Start + reader.Length;
            if ((reader.Start == 0 || !IsWildcard(glob[reader.Start - 1]))
                && (end == glob.Length || !IsWildcard(glob[end])))
            {
                words.Add([folded[..Letters.Fold(reader.Word, folded)].ToString()]);
            }
        }

        return words;
    }

    private static bool IsWildcard(char letter) => letter is '*' or '?';
}
