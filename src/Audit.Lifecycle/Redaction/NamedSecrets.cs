namespace Audit.Lifecycle.Redaction;

/// <summary>Secrets that a text names: `password=…`, `api_key: "…"`, `--token …`.</summary>
internal static class NamedSecrets
{
    private const int MostBetween = 96;

    /// <summary>What stands between a name and the word "value".</summary>
    private static readonly SearchValues<char> Between = SearchValues.Create(" \t\r\n\"'`,\\");

    private static readonly SearchValues<char> EndsLine = SearchValues.Create("\r\n");

    /// <summary>What a sentence goes on with behind the name of an option.</summary>
    private static readonly string[] Prose =
    [
        "flag", "option", "argument", "parameter", "is", "to", "and", "or", "for", "in", "from", "with", "on", "as",
        "file", "value", "the", "a", "can", "will", "must", "should", "was", "has", "if", "when", "that", "not", "via",
    ];

    public static IEnumerable<Trigger> Triggers { get; } =
    [
        .. new[]
        {
            "pass", "pwd", "secret", "token", "apikey", "_key", "-key", "accesskey", "privatekey", "accountkey",
            "encryptionkey", "signingkey", "masterkey", "credential",
            "psk=", "_pw", "-pw", "pw=", "pw:", "pw\"", "pw'",
        }.Select(name => new Trigger(name, Match)),
        new("identified", MatchIdentified),
        new("convertto-securestring", MatchIdentified),
    ];

    private static void Match(ref SecretScan scan, int at)
    {
        var text = scan.Text;
        var end = at + Letters.Run(text[at..Math.Min(text.Length, at + SecretName.Longest)], Letters.WordOrDash);
        if (end - at > SecretName.LongestEnd)
        {
            // The name goes on with something else.
            return;
        }

        var start = at;
        while (start > 0 && at - start < SecretName.Longest && Letters.WordDashOrDot.Contains(text[start - 1]))
        {
            start--;
        }

        // What gives it a colour is no part of it.
        start += start > 1 && Letters.ColourLength(text[(start - 2)..]) is > 0 and var colour ? colour - 2 : 0;
        var secret = start < end ? SecretName.Find(text[start..end]) : default;
        if (secret.Strength == NameStrength.None || end >= text.Length)
        {
            return;
        }

        if (text[end] == '>' && start > 0 && text[start - 1] == '<')
        {
            MatchElement(ref scan, end + 1, secret);
        }
        else if (text[start] == '-' && Placeholders.Space.Contains(text[end]))
        {
            MatchOption(ref scan, end, secret.AsOption());
        }
        else if (text[start] == '-'
            && Letters.Run(text[end..Math.Min(text.Length, end + Values.MostSpaces)], Between) is > 2 and var run
            && text[end..(end + run)].Contains(','))
        {
            // `['--password', 'value']`
            MatchOption(ref scan, end + run, secret.AsOption());
        }
        else if (!MatchAssignment(ref scan, start, end, secret) && !MatchPair(ref scan, end, secret))
        {
            MatchBeside(ref scan, start, end, secret);
        }
    }

    /// <summary>`&lt;password&gt;value&lt;/password&gt;`</summary>
    private static void MatchElement(ref SecretScan scan, int at, SecretName secret)
    {
        var rest = scan.Text[at..Math.Min(scan.Text.Length, at + SecretScan.Reach)];
        var length = rest.IndexOf('<');
        if (length > 0 && rest[length..].StartsWith("</") && secret.Covers(rest[..length].Trim()))
        {
            scan.Add(at, length, secret.Rule);
        }
    }

    /// <summary>`--password value`</summary>
    private static void MatchOption(ref SecretScan scan, int at, SecretName secret)
    {
        at += Values.SpacesAt(scan.Text, at);
        if (Values.TryQuoted(scan.Text, at, out var quoted))
        {
            Add(ref scan, quoted, secret);
            return;
        }

        var value = Values.Unquoted(scan.Text, at);
        var text = scan.Text[value];
        if (!text.StartsWith('-') && !IsProse(text) && !SecretName.Find(text).IsStrong
            && secret.Covers(text))
        {
            Add(ref scan, value, secret with { Strength = NameStrength.Strong });
        }
    }

    /// <summary>`password=value`, `"password": "value"`, `password => 'value'`</summary>
    /// <returns>Whether there is a sign that gives the name a value.</returns>
    private static bool MatchAssignment(ref SecretScan scan, int start, int end, SecretName secret)
    {
        var text = scan.Text;
        var at = end + Values.QuoteAt(text, end);
        at += at < text.Length && text[at] == ']' ? 1 : 0;
        var spaces = Values.SpacesAt(text, at);
        at += spaces;
        var sign = SignAt(text, at, out var isTight);
        if (sign == 0)
        {
            return false;
        }

        // `export TOKEN=…`
        var isVariable = isTight && spaces == 0 && !text[start..end].ContainsAnyInRange('a', 'z');
        secret = isVariable ? secret.AsOption() : secret;
        at += sign;
        var spacesBehind = Values.SpacesAt(text, at);
        at += spacesBehind;
        isTight &= spaces == 0 && spacesBehind == 0;
        if (at + 1 < text.Length && text[at] is 'b' or 'f' or 'r' or 'u' && text[at + 1] is '"' or '\'')
        {
            at++;
        }
        else
        {
            at += BlockAt(text, at);
        }

        if (Values.TryQuoted(text, at, out var quoted))
        {
            Add(ref scan, quoted, secret);
            return true;
        }

        var value = Values.Unquoted(text, at);
        var behind = value.End.Value;
        if (IsType(text[value]) && NextSign(text, behind) is > 0 and var equals
            && Values.TryQuoted(text, equals, out quoted))
        {
            // `password: string = "value"`
            Add(ref scan, quoted, secret);
        }
        else if (!IsCode(text, value, isTight) && !IsPath(text[start..end], text[value]))
        {
            Add(ref scan, value, secret);
        }

        return true;
    }

    /// <summary>How long it is to the first line of a block: `password: |`, and below it the value.</summary>
    private static int BlockAt(ReadOnlySpan<char> text, int at)
    {
        if (at >= text.Length || text[at] is not ('|' or '>'))
        {
            return 0;
        }

        var next = at + 1;
        next += next < text.Length && text[next] is '-' or '+' ? 1 : 0;
        var line = Letters.Run(text[next..Math.Min(text.Length, next + MostBetween)], EndsLine);
        return line > 0 ? next + line + Values.SpacesAt(text, next + line) - at : 0;
    }

    /// <summary>`- name: DB_PASSWORD`, and below it `value: …`; `key="ApiKey" value="…"`</summary>
    private static bool MatchPair(ref SecretScan scan, int end, SecretName secret)
    {
        var text = scan.Text[..Math.Min(scan.Text.Length, end + MostBetween)];
        var at = end;
        while (at < text.Length
            && (Between.Contains(text[at]) || (at > end && text[at - 1] == '\\' && text[at] == 'n')))
        {
            at++;
        }

        // `SetEnvironmentVariable('DB_PASSWORD', '…')`
        var isGiven = at > end && text[end..at].Contains(',') && scan.Text[Math.Max(0, end - MostBetween)..end]
            .Contains("env", StringComparison.OrdinalIgnoreCase);
        if (isGiven && Values.TryQuoted(scan.Text, at - 1, out var given) && Letters.IsToken(scan.Text[given], 6))
        {
            Add(ref scan, given, secret);
            return true;
        }

        // `Set-Item env:DB_PASSWORD -Value …`
        var isOption = at < text.Length && text[at] == '-';
        at += isOption ? 1 : 0;
        if (at == end || !text[at..].StartsWith("value", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        at += "value".Length;
        if (isOption)
        {
            MatchOption(ref scan, at, secret.AsOption());
        }

        return isOption || MatchAssignment(ref scan, at - "value".Length, at, secret);
    }

    /// <summary>`config set password value`, `PASSWORD 'value'`, `the password is value`</summary>
    private static void MatchBeside(ref SecretScan scan, int start, int end, SecretName secret)
    {
        var text = scan.Text;
        var at = end + Values.SpacesAt(text, end);
        var isCall = at < text.Length && text[at] == '(';
        at += isCall ? 1 : 0;
        at += text[at..].StartsWith("is ") ? "is ".Length : 0;
        if (at == end || secret.Strength < NameStrength.Likely)
        {
            return;
        }

        if (Values.TryQuoted(text, at, out var quoted))
        {
            var isSql = text[start..end] is "PASSWORD";
            if (Letters.IsToken(text[quoted], 6) || (isSql && text[quoted].Length > 0 && !text[quoted].Contains(' ')))
            {
                Add(ref scan, quoted, secret with { Strength = NameStrength.Strong });
            }

            return;
        }

        var value = Values.Unquoted(text, at);
        var isNetrc = text[Math.Max(0, start - MostBetween)..start].Contains("login ", StringComparison.Ordinal);
        if (!isCall && (Letters.IsMixed(text[value], 8) || Letters.LooksRandom(text[value], 30)
            || (isNetrc && Letters.IsToken(text[value], 4))))
        {
            Add(ref scan, value, secret with { Strength = NameStrength.Strong });
        }
    }

    /// <summary>`IDENTIFIED WITH plugin BY 'value'`, `ConvertTo-SecureString "value"`</summary>
    private static void MatchIdentified(ref SecretScan scan, int at)
    {
        var text = scan.Text;
        var length = Letters.Run(text[at..], Letters.WordOrDash);
        var rest = text[(at + length)..Math.Min(text.Length, at + length + MostBetween)];
        var isSql = length == "identified".Length;
        var by = isSql ? rest.IndexOf(" by ", StringComparison.OrdinalIgnoreCase) : 0;
        if (by < 0 || (!isSql && length != "convertto-securestring".Length))
        {
            return;
        }

        at += length + by + (isSql ? " by ".Length : 0);
        at += Values.SpacesAt(text, at);
        at += text[at..].StartsWith("-string ", StringComparison.OrdinalIgnoreCase) ? "-string ".Length : 0;
        var name = new SecretName(NameStrength.Strong, RuleNames.Password);
        if (Values.TryQuoted(text, at, out var quoted))
        {
            Add(ref scan, quoted, name);
        }
        else if (isSql && Letters.IsToken(text[Values.Unquoted(text, at)], 6))
        {
            Add(ref scan, Values.Unquoted(text, at), name);
        }
    }

    private static void Add(ref SecretScan scan, Range value, SecretName secret)
    {
        if (secret.Covers(scan.Text[value]) && !IsPathOfShell(scan.Text[value], secret))
        {
            scan.Add(value.Start.Value, value.End.Value - value.Start.Value, secret.Rule);
        }
    }

    /// <summary>How long the sign is by which a name gets its value; 0 where there is none.</summary>
    /// <param name="isTight">Whether it may stand without spaces, as in a shell.</param>
    private static int SignAt(ReadOnlySpan<char> text, int at, out bool isTight)
    {
        var rest = text[at..];
        isTight = false;
        if (rest.StartsWith("=>") || rest.StartsWith(":="))
        {
            return 2;
        }

        if (rest.IsEmpty || (rest[0] is not ('=' or ':')) || (rest.Length > 1 && rest[1] is '=' or ':'))
        {
            // A percent sign stands for it in a URL.
            isTight = rest.StartsWith("%3D", StringComparison.OrdinalIgnoreCase);
            return isTight ? 3 : 0;
        }

        isTight = rest[0] == '=';
        return 1;
    }

    /// <summary>Where the value begins of an equals sign that follows; 0 where there is none.</summary>
    private static int NextSign(ReadOnlySpan<char> text, int at)
    {
        at += Values.SpacesAt(text, at);
        return at + 1 < text.Length && text[at] == '=' ? at + 1 + Values.SpacesAt(text, at + 1) : 0;
    }

    /// <summary>An expression of a program, which says where the secret is and not what it is.</summary>
    private static bool IsCode(ReadOnlySpan<char> text, Range value, bool isTight)
    {
        var word = text[value];
        var behind = value.End.Value < text.Length ? text[value.End.Value] : ' ';
        if (word.Length > SecretScan.Reach)
        {
            return false;
        }

        var isName = !word.ContainsAnyExcept(Letters.WordDashOrDot) || word.StartsWith("$");
        return IsType(word) || (behind is '(' or '[' && isName)
            || (isName && SecretName.Find(word) is { Strength: > NameStrength.None } named
                && (named.Strength >= NameStrength.Likely || !Letters.HasDigit(word)))
            || (isName && word.Contains('.') && !Letters.HasDigit(word))
            || (!isTight && isName && !Letters.HasDigit(word))
            || (word.Length > 1 && word[0] == '$' && !char.IsAsciiDigit(word[1])
                && !word[1..].ContainsAnyExcept(Letters.Word));
    }

    private static bool IsType(ReadOnlySpan<char> word) => Placeholders.IsWord(word.TrimEnd("?!"));

    private static bool IsProse(ReadOnlySpan<char> word)
    {
        foreach (var one in Prose)
        {
            if (word.Equals(one, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>`PWD` is the directory of a shell as well.</summary>
    private static bool IsPath(ReadOnlySpan<char> name, ReadOnlySpan<char> value) =>
        name.EndsWith("pwd", StringComparison.OrdinalIgnoreCase) && value.Length > 0
        && (value[0] is '/' or '~' or '.' || (value.Length > 1 && value[1] == ':'));

    private static bool IsPathOfShell(ReadOnlySpan<char> value, SecretName secret) =>
        secret.Rule == RuleNames.Password && IsPath("pwd", value) && value.Contains('/');
}
