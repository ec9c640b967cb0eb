namespace Audit.Lifecycle.Redaction;

/// <summary>Secrets that are known by their build: signed tokens, addresses, headers.</summary>
internal static class SpecialSecrets
{
    private const int LeastSegment = 8, MostSegments = 5;
    private const int AirtableId = 17, AirtableSecret = 64;

    /// <summary>Of a hash, and of what stands before it.</summary>
    private const int LeastCrypt = 22, LongestCrypt = 96;

    private static readonly HashSet<string> CryptIds =
        ["1", "2", "2a", "2b", "2x", "2y", "5", "6", "7", "y", "gy", "apr1", "argon2i", "argon2d", "argon2id"];

    private static readonly SearchValues<char> Separators = SearchValues.Create(";, \t");

    private static readonly SearchValues<char> EndsAuthority = SearchValues.Create(" \t\r\n\"'`/\\?#<>|");
    private static readonly SearchValues<char> EndsUrl = SearchValues.Create(" \t\r\n\"`\\<>|");

    public static IEnumerable<Trigger> Triggers { get; } =
    [
        new("eyJ", MatchJwt),
        new("://", (ref scan, at) => MatchUrl(ref scan, at, at + "://".Length)),
        // As some write a URL in JSON that stands in another text.
        new(":\\/\\/", (ref scan, at) => MatchUrl(ref scan, at, at + ":\\/\\/".Length)),
        new("sig=", MatchSignature),
        new("bearer", (ref scan, at) => MatchScheme(ref scan, at, "bearer".Length, isBasic: false)),
        new("basic", (ref scan, at) => MatchScheme(ref scan, at, "basic".Length, isBasic: true)),
        new("authorization", MatchHeader),
        new("cookie", MatchCookies),
        // What a program for containers keeps of a registry, and one for packages: a name and a password in base64.
        new("auth\"", MatchAuth),
        new("auth\\", MatchAuth),
        new("_auth", MatchAuth),
        new("$1$", MatchCrypt),
        new(":5432:", MatchPgPass),
        new("pgpass", MatchPgPass),
        TokenShape.OfSigned,
    ];

    /// <summary>Those that stand in a long run of letters.</summary>
    public static IEnumerable<Trigger> OfTokens { get; } = [new(":AA", MatchTelegram)];

    /// <summary>Those whose places are found by <see cref="FindBuilt"/>.</summary>
    public static IEnumerable<Trigger> Built { get; } = [new("pat", MatchAirtable), new("$", MatchCrypt)];

    /// <summary>Where a run of letters is the first or the last part of what has a build of its own.</summary>
    /// <param name="run">From the first to behind the last of its letters.</param>
    /// <returns>Where that begins; -1 where it is no such part.</returns>
    public static int FindBuilt(ReadOnlySpan<char> text, Range run)
    {
        var (start, length) = (run.Start.Value, run.End.Value - run.Start.Value);
        if (length == AirtableId && IsAirtable(text[start..]))
        {
            return start;
        }

        // The hash of a password may be parted by signs that end a run.
        var before = text[Math.Max(0, start - LongestCrypt)..start];
        var sign = before.LastIndexOf('$');
        if (sign < 0 || before[sign..].ContainsAnyExcept(Letters.Crypt))
        {
            return -1;
        }

        var end = start - before.Length + sign;
        var first = Math.Max(0, end - LongestCrypt);
        first += text[first..end].LastIndexOfAnyExcept(Letters.Crypt) + 1;
        first += text[first..(end + 1)].IndexOf('$');
        return CryptLength(text[first..]) > 0 ? first : -1;
    }

    /// <summary>`pat` and 14 letters, a dot, and 64 of hex.</summary>
    private static bool IsAirtable(ReadOnlySpan<char> text) =>
        text.Length >= AirtableId + 1 + AirtableSecret && text.StartsWith("pat", StringComparison.Ordinal)
        && text[AirtableId] == '.' && Letters.Run(text[(AirtableId + 1)..], Letters.Hex) >= AirtableSecret;

    private static void MatchAirtable(ref SecretScan scan, int at)
    {
        if (Letters.BeginsWord(scan.Text, at) && IsAirtable(scan.Text[at..]))
        {
            scan.Add(at, AirtableId + 1 + AirtableSecret, RuleNames.ServiceToken);
        }
    }

    /// <summary>`$6$salt$hash`, as crypt keeps passwords: it can be tried against lists of them.</summary>
    private static void MatchCrypt(ref SecretScan scan, int at) =>
        scan.Add(at, CryptLength(scan.Text[at..]), RuleNames.Password);

    /// <returns>0 where it is none.</returns>
    private static int CryptLength(ReadOnlySpan<char> text)
    {
        text = text[..Letters.Run(text[..Math.Min(text.Length, SecretScan.Reach)], Letters.Crypt)];
        var end = text.Length < 2 ? -1 : text[1..].IndexOf('$') + 1;
        if (end < 2 || !CryptIds.Contains(text[1..end].ToString()))
        {
            return 0;
        }

        var last = text.LastIndexOf('$');
        return last > end && text.Length - last - 1 >= LeastCrypt ? text.Length : 0;
    }

    /// <summary>`Cookie: name=value; name=value`</summary>
    private static void MatchCookies(ref SecretScan scan, int at)
    {
        var start = at + "cookie".Length;
        var sign = Letters.Run(scan.Text[start..Math.Min(scan.Text.Length, start + 16)], Placeholders.QuoteOrSeparator);
        var line = scan.Text[(start + sign)..Math.Min(scan.Text.Length, start + sign + (2 * SecretScan.Reach))];
        var end = line.IndexOfAny("\r\n\"'`");
        line = end < 0 ? line : line[..end];
        start += sign;
        while (sign > 0 && line.IndexOf('=') is > 0 and var equals)
        {
            var length = line[(equals + 1)..].IndexOfAny(";, \t\\");
            var value = length < 0 ? line[(equals + 1)..] : line.Slice(equals + 1, length);
            if (line[..equals].ContainsAnyExcept(Letters.WordDashOrDot))
            {
                return;
            }

            if (Letters.IsToken(value, 8) && !Placeholders.IsOne(value) && !value.StartsWith("eyJ"))
            {
                scan.Add(start + equals + 1, value.Length, RuleNames.Cookie);
            }

            var next = equals + 1 + value.Length;
            next += Letters.Run(line[next..], Separators);
            start += next;
            line = line[next..];
        }
    }

    private static void MatchAuth(ref SecretScan scan, int at)
    {
        var start = at + (scan.Text[at] == '_' ? "_auth" : "auth").Length;
        start += Letters.Run(scan.Text[start..Math.Min(scan.Text.Length, start + 16)], Placeholders.QuoteOrSeparator);
        var isParted = !char.IsAsciiLetterOrDigit(scan.Text[Math.Min(start, scan.Text.Length) - 1]);
        var secret = scan.Text[start..Math.Min(scan.Text.Length, start + SecretScan.Reach)];
        secret = secret[..Letters.Run(secret, Letters.Base64)];
        if (secret.Length >= 8 && (IsNameAndPassword(secret) || (isParted && Letters.IsMade(secret, 16))))
        {
            scan.Add(start, secret.Length, RuleNames.Authorization);
        }
    }

    /// <summary>`host:5432:database:user:password`</summary>
    private static void MatchPgPass(ref SecretScan scan, int at)
    {
        if (scan.Text[at] == ':')
        {
            AddPgPass(ref scan, at);
            return;
        }

        var from = Math.Max(0, at - SecretScan.Reach);
        var near = scan.Text[from..Math.Min(scan.Text.Length, at + SecretScan.Reach)];
        var found = 0;
        while (near[found..].IndexOf(':') is >= 0 and var colon)
        {
            found += colon;
            AddPgPass(ref scan, from + found);
            found++;
        }
    }

    private static void AddPgPass(ref SecretScan scan, int colon)
    {
        var line = scan.Text[(colon + 1)..Math.Min(scan.Text.Length, colon + 1 + 256)];
        var end = line.IndexOfAny(" \t\r\n\"'\\");
        line = end < 0 ? line : line[..end];
        Span<Range> parts = stackalloc Range[5];
        var count = line.Split(parts, ':');
        var isPort = count == 4 && line[parts[0]] is { Length: > 0 and < 6 } port
            && (port is "*" || !port.ContainsAnyExceptInRange('0', '9'));
        if (isPort && colon > 0 && scan.Text[colon - 1] is not (' ' or ':')
            && line[parts[1]].Length > 0 && line[parts[2]].Length > 0 && !Placeholders.IsOne(line[parts[3]])
            && Letters.HasLetter(line[parts[2]]))
        {
            scan.Add(colon + 1 + parts[3].Start.Value, line[parts[3]].Length, RuleNames.Password);
        }
    }

    /// <summary>`1234567890:AA…`, of a bot.</summary>
    private static void MatchTelegram(ref SecretScan scan, int at)
    {
        var before = scan.Text[Math.Max(0, at - 12)..at];
        var digits = before.Length - 1 - before.LastIndexOfAnyExcept(Letters.Digit);
        var length = Letters.Run(scan.Text[(at + 1)..Math.Min(scan.Text.Length, at + 64)], Letters.WordOrDash);
        if (digits is >= 8 and <= 11 && length is >= 33 and <= 40)
        {
            scan.Add(at - digits, digits + 1 + length, RuleNames.ServiceToken);
        }
    }

    private static void MatchJwt(ref SecretScan scan, int at)
    {
        if (!scan.Text[at..].StartsWith("eyJ", StringComparison.Ordinal)
            || (!Letters.BeginsWord(scan.Text, at) && scan.Text[at - 1] != '_')
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
        AddKey(ref scan, start, rest);
        var end = rest.IndexOfAny(EndsAuthority);
        var authority = end < 0 ? rest : rest[..end];
        if (end > 0 && !authority.Contains('@'))
        {
            authority = WithSigns(rest, authority);
        }

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

    /// <summary>`?key=value`: where the value looks made, for names of things stand there too.</summary>
    private static void AddKey(ref SecretScan scan, int start, ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOfAny(EndsUrl);
        var url = end < 0 ? rest : rest[..end];
        for (var at = 0; url[at..].IndexOf("key=", StringComparison.OrdinalIgnoreCase) is >= 0 and var found;)
        {
            at += found + "key=".Length;
            var value = url[at..];
            value = value[..Letters.Run(value, Letters.QueryValue)];
            var isParameter = at > "?key=".Length && url[at - "?key=".Length] is '?' or '&' or ';';
            // What its issuer marks is known by that.
            if (isParameter && !value.StartsWith("AIza") && (Letters.IsMade(value, 16)
                || (Letters.LooksRandom(value, 20) && !value.ContainsAnyExcept(Letters.Alphanumeric))))
            {
                scan.Add(start + at, value.Length, RuleNames.NamedSecret);
            }
        }
    }

    /// <summary>
    /// A password may hold what ends an authority, such as a slash. Where a port would stand and none does, it goes on.
    /// </summary>
    private static ReadOnlySpan<char> WithSigns(ReadOnlySpan<char> rest, ReadOnlySpan<char> authority)
    {
        var colon = authority.IndexOf(':');
        var isPort = colon < 0 || !authority[(colon + 1)..].ContainsAnyExceptInRange('0', '9');
        if (isPort || rest[authority.Length] is not ('/' or '?' or '#' or '\''))
        {
            return authority;
        }

        var end = rest.IndexOfAny(EndsUrl);
        rest = end < 0 ? rest : rest[..end];
        var sign = rest.LastIndexOf('@');
        return sign > 0 && sign + 1 < rest.Length && char.IsAsciiLetterOrDigit(rest[sign + 1])
            && rest[..sign].Count('\'') <= 1 && !rest[..sign].Contains("://", StringComparison.Ordinal)
            ? rest
            : authority;
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
            : Letters.LooksRandom(secret, isHeader ? 6 : 16) || Letters.IsMixed(secret, 8)
                || (secret.Length >= 16
                    && (Letters.HasDigit(secret) || (isHeader && !secret.ContainsAny('_', '-', '.'))));
        if (isSecret && !Placeholders.IsOne(secret))
        {
            scan.Add(start, WithParts(scan.Text[start..], secret.Length), RuleNames.Authorization);
        }
    }

    public static bool IsNameAndPassword(ReadOnlySpan<char> base64)
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
        if (Letters.IsToken(secret, 8))
        {
            scan.Add(start, WithParts(value, secret.Length), RuleNames.Authorization);
        }
    }

    /// <summary>How long a credential is with what follows a colon: `id:secret`.</summary>
    private static int WithParts(ReadOnlySpan<char> text, int length)
    {
        while (length + 1 < text.Length && text[length] == ':' && Letters.Credential.Contains(text[length + 1]))
        {
            length += 1 + Letters.Run(text[(length + 1)..], Letters.Credential);
        }

        return length;
    }
}
