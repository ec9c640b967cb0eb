namespace Audit.Lifecycle.Redaction;

/// <summary>Looks whether a secret stands where its trigger was found.</summary>
internal delegate void Matching(ref SecretScan scan, int at);

/// <summary>
/// The short texts one of which stands in or beside every secret that a built-in rule knows. Most texts hold none,
/// which one vectorised search shows.
/// </summary>
internal sealed class Triggers
{
    /// <summary>A secret written with escapes for its letters is looked for after they are read.</summary>
    private const string Escape = "\\u00";

    /// <summary>Shorter than what <see cref="WordSearch"/> looks for.</summary>
    private const string Argument = "\"-";

    /// <summary>For words and for beginnings of tokens, each of which remembers how far it is.</summary>
    public const int Searches = 2;

    private const int LongestTrigger = 32;

    /// <summary>How far before a run of letters its beginning may lie, with signs between.</summary>
    private const int Overlap = 256;

    private const int Piece = 4096;

    /// <summary>No token is shorter, with the beginning that its issuer gives it.</summary>
    private const int LeastToken = 16;

    private static readonly SearchValues<char> OfToken = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+");

    private static readonly SearchValues<char> AroundToken = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./=:~%");

    public static readonly Triggers All = new(
        [.. PrivateKeys.Triggers, .. SpecialSecrets.Triggers, .. NamedSecrets.Triggers, .. CommandLines.Triggers],
        [.. TokenShape.Triggers, .. SpecialSecrets.OfTokens, .. PrivateKeys.OfTokens],
        [.. SpecialSecrets.Built]);

    // Words are looked for in all of a text, beginnings of tokens only where there is a long run of their letters.
    private readonly WordSearch words, tokens;
    private readonly (Trigger Trigger, int Offset)[][] byFirst = new (Trigger, int)[128][];

    /// <param name="built">Not looked for by their texts: a run of letters shows where one may stand.</param>
    private Triggers(Trigger[] words, Trigger[] tokens, Trigger[] built)
    {
        var keys = Keys([Escape, .. words.Select(trigger => trigger.Text)]);
        var keysOfTokens = Keys(tokens.Select(trigger => trigger.Text));
        this.words = new WordSearch(keys);
        this.tokens = new WordSearch(keysOfTokens);
        (Trigger Trigger, string Key)[] all =
        [
            .. words.Select(trigger => (trigger, KeyOf(trigger.Text, keys))),
            .. tokens.Select(trigger => (trigger, KeyOf(trigger.Text, keysOfTokens))),
            .. built.Select(trigger => (trigger, trigger.Text.ToLowerInvariant())),
        ];
        for (var letter = 0; letter < byFirst.Length; letter++)
        {
            var first = char.ToLowerInvariant((char)letter);
            byFirst[letter] =
            [
                .. all.Where(one => one.Key[0] == first).Select(one =>
                    (one.Trigger, one.Trigger.Text.IndexOf(one.Key, StringComparison.OrdinalIgnoreCase))),
            ];
        }
    }

    /// <summary>Whether a JSON text may hold a secret.</summary>
    public bool MayHoldSecret(ReadOnlySpan<byte> json)
    {
        Span<char> piece = stackalloc char[Piece];
        while (true)
        {
            var length = Math.Min(json.Length, Piece);
            Encoding.Latin1.GetChars(json[..length], piece);
            if (AnyIn(piece[..length]))
            {
                return true;
            }

            if (length == json.Length)
            {
                return false;
            }

            // A trigger may lie across the end of a piece.
            json = json[(Piece - Overlap)..];
        }
    }

    /// <summary>Moves on to the next trigger; false when there is none any more.</summary>
    /// <param name="places">The next one of each search, so that none looks twice through what has none of its own; -1
    /// at first.</param>
    public bool TryNext(ReadOnlySpan<char> text, ref int at, Span<int> places)
    {
        var next = text.Length;
        for (var index = 0; index < places.Length; index++)
        {
            if (places[index] < at)
            {
                var found = at >= text.Length ? -1 : index == 0 ? words.IndexIn(text[at..]) : NextToken(text[at..]);
                places[index] = found < 0 ? int.MaxValue : at + found;
            }

            next = Math.Min(next, places[index]);
        }

        at = next;
        return at < text.Length;
    }

    public bool AnyIn(ReadOnlySpan<char> text)
    {
        // Behind codes no trigger stands as it is written, and of arguments one by one a dash is all that is known.
        return CodedText.IsIn(text) || text.Contains(Argument, StringComparison.Ordinal)
            || words.IndexIn(text) >= 0 || NextToken(text) >= 0;
    }

    /// <summary>Has everybody whose trigger stands here look at it.</summary>
    public void Match(ref SecretScan scan, int at)
    {
        foreach (var (trigger, offset) in byFirst[scan.Text[at] & 0x7F])
        {
            if (at >= offset && scan.Text[(at - offset)..].StartsWith(trigger.Text, StringComparison.OrdinalIgnoreCase))
            {
                trigger.Match(ref scan, at - offset);
            }
        }
    }

    /// <summary>The next beginning of a token in a run of letters that is long enough for one.</summary>
    private int NextToken(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (at + LeastToken <= text.Length)
        {
            // In so many letters one of these places lies, and few are looked at.
            var probe = at + LeastToken - 1;
            if (!OfToken.Contains(text[probe]))
            {
                at = probe + 1;
                continue;
            }

            var start = at + text[at..probe].LastIndexOfAnyExcept(OfToken) + 1;
            var window = text[start..Math.Min(text.Length, start + SecretScan.Reach)];
            var length = Letters.Run(window, OfToken);
            if (length < LeastToken)
            {
                at = start + length;
                continue;
            }

            var from = Math.Max(0, start - (Overlap / 2));
            from += text[from..start].LastIndexOfAnyExcept(AroundToken) + 1;
            var end = start + Letters.Run(window, AroundToken);
            var next = tokens.IndexIn(text[from..end]);
            var found = next < 0 ? int.MaxValue : from + next;
            if (SpecialSecrets.FindBuilt(text, start..(start + length)) is >= 0 and var place)
            {
                found = Math.Min(found, place);
            }

            if (found < int.MaxValue)
            {
                return found;
            }

            at = end - start < SecretScan.Reach ? end : end - LongestTrigger;
        }

        return -1;
    }

    /// <summary>The shortest of the texts that stand within one another.</summary>
    private static string[] Keys(IEnumerable<string> texts)
    {
        var all = texts.Select(text => text.ToLowerInvariant()).Distinct().ToArray();
        return [.. all.Where(text => !all.Any(other => other.Length < text.Length && text.Contains(other)))];
    }

    private static string KeyOf(string text, string[] keys) =>
        keys.First(key => text.Contains(key, StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// Looks for any of some words, in letters of either case. Of a text without them nearly every place is passed by one
/// look at its three letters; the framework's search for as many words takes forty times as long.
/// </summary>
internal sealed class WordSearch
{
    private const int Least = 3, BitsOfLetter = 5, OfLetter = (1 << BitsOfLetter) - 1, OfBeginning = (1 << (Least * BitsOfLetter)) - 1;

    /// <summary>A bit for each beginning: a letter counts by its last five bits, which are the same in both cases.</summary>
    private readonly ulong[] begun = new ulong[(OfBeginning + 1) / 64];
    private readonly Dictionary<int, string[]> words;

    public WordSearch(IEnumerable<string> words)
    {
        this.words = words.GroupBy(BeginningOf).ToDictionary(some => some.Key, some => some.ToArray());
        foreach (var beginning in this.words.Keys)
        {
            begun[beginning >> 6] |= 1UL << (beginning & 63);
        }
    }

    /// <returns>Where the first one begins; -1 where none does.</returns>
    public int IndexIn(ReadOnlySpan<char> text)
    {
        var beginning = 0;
        for (var at = 0; at < text.Length; at++)
        {
            beginning = ((beginning << BitsOfLetter) | (text[at] & OfLetter)) & OfBeginning;
            if ((begun[beginning >> 6] & (1UL << (beginning & 63))) != 0 && at >= Least - 1
                && IsOneAt(text[(at - Least + 1)..], beginning))
            {
                return at - Least + 1;
            }
        }

        return -1;
    }

    private bool IsOneAt(ReadOnlySpan<char> text, int beginning)
    {
        foreach (var word in words[beginning])
        {
            if (text.StartsWith(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    private static int BeginningOf(string word) => word.Length >= Least
        ? word.Take(Least).Aggregate(0, (bits, letter) => (bits << BitsOfLetter) | (letter & OfLetter))
        : throw new ArgumentException($"\"{word}\" is too short to be looked for; {Least} letters are the least.");
}

internal sealed record Trigger(string Text, Matching Match);
