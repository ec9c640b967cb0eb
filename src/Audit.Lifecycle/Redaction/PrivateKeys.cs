namespace Audit.Lifecycle.Redaction;

/// <summary>Keys in blocks, whole or cut at either end.</summary>
internal static class PrivateKeys
{
    private const string KeyBegin = "-----BEGIN ", KeyKind = "PRIVATE KEY", KeyEnd = "-----END ", Dashes = "-----";

    /// <summary>A key that is cut has no end; this much of it is one all the same.</summary>
    private const int LeastKeyRest = 32, LeastKeyLine = 16, MostKey = 1 << 14;

    /// <summary>`-----BEGIN` in base64.</summary>
    private const string KeyInBase64 = "LS0tLS1CRUdJTi";

    private static readonly SearchValues<char> OfCutKey = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\\");

    public static IEnumerable<Trigger> Triggers { get; } =
        [new(KeyBegin, MatchPrivateKey), new("private-lines:", MatchPutty), new(KeyEnd, MatchKeyEnd)];

    /// <summary>Those that stand in a long run of letters.</summary>
    public static IEnumerable<Trigger> OfTokens { get; } = [new(KeyInBase64, MatchEncodedKey)];

    /// <summary>Whether a text begins a private key and does not end it; then what follows it is the key.</summary>
    public static bool LeavesKeyOpen(ReadOnlySpan<char> text)
    {
        var begin = text.LastIndexOf(KeyBegin);
        return begin >= 0 && KeyTitleEnd(text[begin..]) > 0
            && !text[begin..].Contains(KeyEnd, StringComparison.Ordinal);
    }

    public static bool EndsKey(ReadOnlySpan<char> text) => text.Contains(KeyEnd, StringComparison.Ordinal);

    private static void MatchPrivateKey(ref SecretScan scan, int at)
    {
        var text = scan.Text[at..];
        var title = KeyTitleEnd(text);
        if (title < 0)
        {
            return;
        }

        var end = scan.HasNoKeyEnd ? -1 : text[title..].IndexOf(KeyEnd);
        if (end < 0)
        {
            scan.HasNoKeyEnd = true;
            if (CutKey(text[title..]) is > 0 and var rest)
            {
                scan.Add(at, title + rest, RuleNames.PrivateKey);
            }

            return;
        }

        end += title + KeyEnd.Length;
        var close = text[end..Math.Min(text.Length, end + 64)].IndexOf(Dashes);
        scan.Add(at, close < 0 ? end : end + close + Dashes.Length, RuleNames.PrivateKey);
    }

    /// <summary>How long a key is that has no end: lines of it, numbered or quoted ones too, and its headers.</summary>
    private static int CutKey(ReadOnlySpan<char> text)
    {
        var (end, at, longest) = (0, 0, 0);
        while (at < text.Length)
        {
            var length = BeforeKeyLine(text[at..]);
            at += length;
            var word = Letters.Run(text[at..], Letters.Base64);
            var behind = at + word < text.Length ? text[at + word] : '\n';
            var isWhole = behind is '\r' or '\n' or '\\' or ' ' or '"' or '\'' or '\t';
            if (word >= LeastKeyLine || (longest >= LeastKeyLine && word > 0 && isWhole && text[at + word - 1] == '=')
                || (longest >= LeastKeyLine && word > 0 && at + word == text.Length))
            {
                (longest, at) = (Math.Max(longest, word), at + word);
                end = at;
                continue;
            }

            // `DEK-Info: AES-128-CBC,00`
            var header = Letters.Run(text[at..], Letters.WordOrDash);
            var line = text[at..Math.Min(text.Length, at + 256)].IndexOfAny('\r', '\n', '\\');
            if (header == 0 || at + header >= text.Length || text[at + header] != ':' || line < 0)
            {
                break;
            }

            at += line;
        }

        return longest >= LeastKeyLine ? end : 0;
    }

    /// <summary>Ends of lines, also as escapes, their numbers, and the marks of quotations and of changes.</summary>
    private static int BeforeKeyLine(ReadOnlySpan<char> text)
    {
        var at = 0;
        while (at < text.Length)
        {
            var digits = Letters.Run(text[at..], Letters.Digit);
            var next = at + digits < text.Length ? text[at + digits] : 'x';
            if (digits is > 0 and < 8 && (next is ' ' or '\t' or ':' or '|' or '-' or '\\' || next > 0x7F))
            {
                at += digits;
            }
            else if (text[at] == '\\' && at + 1 < text.Length && text[at + 1] is 'n' or 'r' or 't')
            {
                at += 2;
            }
            else if (" \t\r\n|>+-:\\".Contains(text[at]) || text[at] > 0x7F)
            {
                at++;
            }
            else
            {
                break;
            }
        }

        return at;
    }

    /// <summary>A key whose beginning was cut off.</summary>
    private static void MatchKeyEnd(ref SecretScan scan, int at)
    {
        var title = scan.Text[at..Math.Min(scan.Text.Length, at + KeyBegin.Length + 64)];
        if (!title.Contains(KeyKind, StringComparison.Ordinal))
        {
            return;
        }

        var before = scan.Text[Math.Max(0, at - MostKey)..at];
        var start = before.LastIndexOfAnyExcept(OfCutKey) + 1;
        if (before.Length - start >= LeastKeyRest)
        {
            scan.Add(at - before.Length + start, before.Length - start, RuleNames.PrivateKey);
        }
    }

    private static void MatchPutty(ref SecretScan scan, int at)
    {
        var start = at + "private-lines:".Length;
        start += Letters.Run(scan.Text[start..], Letters.DigitOrSpace);
        scan.Add(start, CutKey(scan.Text[start..]), RuleNames.PrivateKey);
    }

    /// <summary>A block in base64 once more, as configurations of clusters have it.</summary>
    private static void MatchEncodedKey(ref SecretScan scan, int at)
    {
        var run = scan.Text[at..];
        var length = Letters.Run(run, Letters.Base64);
        Span<byte> title = stackalloc byte[48];
        if (length >= 64 && Convert.TryFromBase64Chars(run[..64], title, out var bytes)
            && title[..bytes].IndexOf("PRIVATE KEY"u8) > 0)
        {
            scan.Add(at, length, RuleNames.PrivateKey);
        }
    }

    /// <returns>Where the line that begins a private key ends; -1 when it begins something else.</returns>
    private static int KeyTitleEnd(ReadOnlySpan<char> text)
    {
        var title = text[KeyBegin.Length..Math.Min(text.Length, KeyBegin.Length + 64)];
        var end = title.IndexOf(Dashes);
        return end >= 0 && title[..end].Contains(KeyKind, StringComparison.Ordinal)
            ? KeyBegin.Length + end + Dashes.Length
            : -1;
    }
}
