namespace Audit.Lifecycle.Redaction;

/// <summary>Secrets that are known by their build: keys in blocks, signed tokens, addresses, headers.</summary>
internal static class SpecialSecrets
{
    private const string KeyBegin = "-----BEGIN ", KeyKind = "PRIVATE KEY", KeyEnd = "-----END ", Dashes = "-----";
    private const int LeastSegment = 8, MostSegments = 5;

    /// <summary>A key that is cut has no end; this much of it is one all the same.</summary>
    private const int LeastKeyRest = 32;

    private static readonly SearchValues<char> EndsAuthority = SearchValues.Create(" \t\r\n\"'`/\\?#<>|");
    private static readonly SearchValues<char> OfCutKey = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\\");

    public static IEnumerable<Trigger> Triggers { get; } =
    [
        new(KeyBegin, MatchPrivateKey),
        new("eyJ", MatchJwt),
        new("://", (ref scan, at) => MatchUrl(ref scan, at, at + "://".Length)),
        // As some write a URL in JSON that stands in another text.
        new(":\\/\\/", (ref scan, at) => MatchUrl(ref scan, at, at + ":\\/\\/".Length)),
        new("sig=", MatchSignature),
        new("bearer", (ref scan, at) => MatchScheme(ref scan, at, "bearer".Length, isBasic: false)),
        new("basic", (ref scan, at) => MatchScheme(ref scan, at, "basic".Length, isBasic: true)),
        new("authorization", MatchHeader),
    ];

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
            var rest = Letters.Run(text[title..], OfCutKey);
            if (rest >= LeastKeyRest)
            {
                scan.Add(at, title + rest, RuleNames.PrivateKey);
            }

            return;
        }

        end += title + KeyEnd.Length;
        var close = text[end..Math.Min(text.Length, end + 64)].IndexOf(Dashes);
        scan.Add(at, close < 0 ? end : end + close + Dashes.Length, RuleNames.PrivateKey);
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

    private static void MatchJwt(ref SecretScan scan, int at)
    {
        if (!scan.Text[at..].StartsWith("eyJ", StringComparison.Ordinal) || !Letters.BeginsWord(scan.Text, at)
            || (at > 0 && scan.Text[at - 1] == '-'))
        {
            return;
        }

        var (end, segments) = (at, 0);
        while (segments < MostSegments)
        {
            var length = Letters.Run(scan.Text[end..], Letters.WordOrDash);
            if (segments < 2 && length < LeastSegment)
            {
                return;
            }

            end += length;
            segments++;
            if (end >= scan.Text.Length || scan.Text[end] != '.' || (segments >= 3 && length == 0))
            {
                break;
            }

            end++;
        }

        if (segments >= 3)
        {
            scan.Add(at, end - at, RuleNames.Jwt);
        }
    }

    private static void MatchUrl(ref SecretScan scan, int at, int start)
    {
        if (at == 0 || !char.IsAsciiLetterOrDigit(scan.Text[at - 1]))
        {
            return;
        }

        var rest = scan.Text[start..Math.Min(scan.Text.Length, start + SecretScan.Reach)];
        var end = rest.IndexOfAny(EndsAuthority);
        var authority = end < 0 ? rest : rest[..end];
        var sign = authority.LastIndexOf('@');
        if (sign <= 0)
        {
            return;
        }

        var colon = authority[..sign].IndexOf(':');
        var secret = colon < 0 ? authority[..sign] : authority[(colon + 1)..sign];
        // A name alone is no secret; a token in its place is.
        if (colon < 0 ? Letters.LooksRandom(secret, 20) : !Placeholders.IsOne(secret))
        {
            scan.Add(start + colon + 1, secret.Length, RuleNames.UrlPassword);
        }
    }

    /// <summary>What signs an address of Azure's storage, so that whoever has it may read.</summary>
    private static void MatchSignature(ref SecretScan scan, int at)
    {
        var isParameter = at > 0 && (scan.Text[at - 1] is '?' or '&' or ';'
            || (at >= 6 && scan.Text[(at - 6)..at].Equals("\\u0026", StringComparison.OrdinalIgnoreCase)));
        if (!isParameter)
        {
            return;
        }

        var start = at + "sig=".Length;
        var length = Letters.Run(scan.Text[start..], Letters.QueryValue);
        if (length >= 20)
        {
            scan.Add(start, length, RuleNames.AzureKey);
        }
    }

    private static void MatchScheme(ref SecretScan scan, int at, int length, bool isBasic)
    {
        var start = at + length;
        var spaces = Letters.Run(scan.Text[start..Math.Min(scan.Text.Length, start + 8)], Placeholders.Space);
        var isSpaced = spaces > 0 || scan.Text[start..].StartsWith("%20", StringComparison.Ordinal);
        start += spaces > 0 ? spaces : 3;
        if (!isSpaced || start >= scan.Text.Length || !Letters.BeginsWord(scan.Text, at))
        {
            return;
        }

        var secret = scan.Text[start..];
        secret = secret[..Letters.Run(secret, Letters.Credential)];
        var isHeader = scan.Text[Math.Max(0, at - 32)..at]
            .Contains("authorization", StringComparison.OrdinalIgnoreCase);
        var isSecret = isBasic
            ? IsNameAndPassword(secret) || (isHeader && secret.Length >= 8 && Letters.HasDigit(secret))
            : Letters.LooksRandom(secret, isHeader ? 6 : 16) || (secret.Length >= 16 && Letters.HasDigit(secret));
        if (isSecret && !Placeholders.IsOne(secret))
        {
            scan.Add(start, secret.Length, RuleNames.Authorization);
        }
    }

    private static bool IsNameAndPassword(ReadOnlySpan<char> base64)
    {
        if (base64.Length is < 4 or > SecretScan.Reach)
        {
            return false;
        }

        Span<byte> decoded = stackalloc byte[SecretScan.Reach];
        return Convert.TryFromBase64Chars(base64, decoded, out var length) && decoded[..length].Contains((byte)':')
            && !decoded[..length].ContainsAnyInRange<byte>(0, 31);
    }

    /// <summary>`Authorization: scheme value`, with a scheme that is not looked for by its own name.</summary>
    private static void MatchHeader(ref SecretScan scan, int at)
    {
        var start = at + "authorization".Length;
        start += Letters.Run(scan.Text[start..Math.Min(scan.Text.Length, start + 16)], Placeholders.QuoteOrSeparator);
        var value = scan.Text[start..Math.Min(scan.Text.Length, start + SecretScan.Reach)];
        var scheme = Letters.Run(value, Letters.WordOrDash);
        if (scheme is > 0 and < 20 && scheme + 1 < value.Length && value[scheme] == ' ')
        {
            start += scheme + 1;
            value = value[(scheme + 1)..];
        }

        var secret = value[..Letters.Run(value, Letters.Credential)];
        if (Letters.LooksRandom(secret, 16))
        {
            scan.Add(start, secret.Length, RuleNames.Authorization);
        }
    }
}
