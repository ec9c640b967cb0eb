namespace Audit.Lifecycle.Redaction;

/// <summary>How surely a name says that its value is a secret.</summary>
internal enum NameStrength : byte
{
    None,

    /// <summary>Only of a value that is long and of all kinds of letters.</summary>
    Faint,

    /// <summary>Only of a value that looks like one, and not like an id or a hash.</summary>
    Weak,

    /// <summary>Of a value with letters and digits, of hex too.</summary>
    Likely,
    Strong,
}

/// <summary>What a name says of its value.</summary>
internal readonly record struct SecretName(NameStrength Strength, string Rule)
{
    public const int Longest = 64;

    /// <summary>No end of a name by which a secret is known is longer, with what may part its words.</summary>
    public const int LongestEnd = 32;

    /// <summary>Names of what only looks like a secret: where a list goes on, and how texts are cut.</summary>
    private static readonly string[] NoSecrets =
    [
        "page", "next", "continu", "sync", "cancel", "pad", "eos", "bos", "mask", "sep", "unk", "design", "max", "stop",
        "start", "begin", "cursor", "resume", "input", "output", "prompt", "completion", "cache", "special", "vocab",
        "public", "primary", "foreign", "partition", "sort", "idempot", "dedup", "object", "index", "known", "count",
        "group", "map", "num", "type", "hash", "finger",
    ];

    /// <summary>What stands behind a name that says the same of its value.</summary>
    private static readonly string[] Tails =
        ["confirmation", "confirm", "again", "repeat", "plaintext", "text", "pem", "base", "data", "string", "value"];

    private static readonly (string End, SecretName Name)[] Known = InOrder(
    [
        .. Of(
            RuleNames.Password, NameStrength.Strong, "password", "passwd", "passphrase", "passcode", "pwd", "passwort",
            "motdepasse", "storepass", "keypass", "sshpass", "requirepass"),
        .. Of(
            RuleNames.NamedSecret, NameStrength.Strong, "secret", "secretkey", "apikey", "privatekey", "accesstoken",
            "authtoken", "refreshtoken", "bearertoken", "apitoken", "privatetoken", "oauthtoken", "bottoken",
            "deploytoken", "sessiontoken", "securitytoken", "sastoken", "servicetoken", "encryptionkey", "signingkey",
            "masterkey", "sharedkey", "authkey", "subscriptionkey", "servicerolekey", "clientkeydata", "hmackey"),
        .. Of(RuleNames.AwsKey, NameStrength.Strong, "secretaccesskey"),
        .. Of(RuleNames.AzureKey, NameStrength.Strong, "accountkey", "sharedaccesskey"),
        .. Of(RuleNames.Authorization, NameStrength.Strong, "authorization"),
        .. Of(RuleNames.Cookie, NameStrength.Likely, "cookie"),
        .. Of(RuleNames.Password, NameStrength.Weak, "psk"),
        .. Of(
            RuleNames.NamedSecret, NameStrength.Likely, "credential", "accesskey", "appkey", "servicekey", "licensekey",
            "sessionkey", "clientkey"),
    ]);

    public bool IsStrong => Strength == NameStrength.Strong;

    /// <summary>A name of any writing: `DB_PASSWORD`, `dbPassword`, `db-password`, `password2`, `passwords`.</summary>
    public static SecretName Find(ReadOnlySpan<char> name)
    {
        Span<char> letters = stackalloc char[Longest];
        var length = 0;
        foreach (var letter in name.Length > Longest ? name[^Longest..] : name)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                letters[length++] = char.ToLowerInvariant(letter);
            }
        }

        ReadOnlySpan<char> plain = letters[..length].TrimEnd("0123456789");
        if (plain.Length < 2)
        {
            return default;
        }

        var found = OfEnd(plain, name);
        if (found.Strength == NameStrength.None && plain[^1] == 's' && !plain.EndsWith("ss"))
        {
            // Of many; a list of their names is as likely.
            found = OfEnd(plain[..^1], name);
            found = found with
            {
                Strength = found.Strength > NameStrength.Weak ? NameStrength.Weak : NameStrength.None,
            };
        }

        foreach (var tail in Tails)
        {
            if (found.Strength == NameStrength.None && plain.Length > tail.Length && plain.EndsWith(tail))
            {
                found = OfEnd(plain[..^tail.Length], name);
                found = found.IsStrong ? found : default;
            }
        }

        return found;
    }

    /// <summary>Whether this is the secret that the name speaks of.</summary>
    public bool Covers(ReadOnlySpan<char> value) => !Placeholders.IsOne(value) && Strength switch
    {
        NameStrength.Strong => true,
        NameStrength.Likely => Letters.IsToken(value, 8),
        NameStrength.Weak => Rule == RuleNames.Password
            ? Letters.LooksRandom(value, 6) || (Letters.IsHex(value) && Letters.IsToken(value, 32))
            : Letters.LooksRandom(value, 16) || Letters.IsMixed(value, 10) || Letters.IsMade(value, 8),
        NameStrength.Faint => Rule == RuleNames.Authorization
            ? SpecialSecrets.IsNameAndPassword(value) || Letters.IsMade(value, 16)
            : Letters.IsMixed(value, 20),
        _ => false,
    };

    /// <summary>What is said of a value that stands alone behind the name, as arguments do.</summary>
    public SecretName AsOption() =>
        Strength is NameStrength.Faint or NameStrength.Weak && Rule != RuleNames.Authorization
            ? this with { Strength = NameStrength.Likely }
            : this;

    private static SecretName OfEnd(ReadOnlySpan<char> plain, ReadOnlySpan<char> name)
    {
        foreach (var (end, known) in Known)
        {
            if (plain.EndsWith(end))
            {
                return known.IsStrong || !IsNoSecret(plain) ? known : default;
            }
        }

        var (strength, rule) = plain switch
        {
            "auth" => (NameStrength.Faint, RuleNames.Authorization),
            "pass" or "pw" => (NameStrength.Weak, RuleNames.Password),
            "token" => (NameStrength.Weak, RuleNames.NamedSecret),
            _ when plain.EndsWith("token") => (NameStrength.Likely, RuleNames.NamedSecret),
            _ when plain.EndsWith("pass") && IsOwnWord(name, 4) => (NameStrength.Weak, RuleNames.Password),
            _ when plain.EndsWith("pw") && IsOwnWord(name, 2) => (NameStrength.Weak, RuleNames.Password),
            _ when plain.EndsWith("auth") && IsOwnWord(name, 4) => (NameStrength.Faint, RuleNames.Authorization),
            _ when plain.EndsWith("key") && IsOwnWord(name, 3) => (NameStrength.Faint, RuleNames.NamedSecret),
            _ => (NameStrength.None, ""),
        };
        return strength == NameStrength.None || IsNoSecret(plain) ? default : new SecretName(strength, rule);
    }

    /// <summary>Whether the last letters are a word of their own: `db_pass`, `db-pass`, `dbPass`.</summary>
    private static bool IsOwnWord(ReadOnlySpan<char> name, int length)
    {
        name = name.TrimEnd("0123456789_-");
        var at = name.Length - length;
        return at > 0 && (name[at - 1] is '_' or '-' or '.'
            || (char.IsAsciiLetterUpper(name[at]) && !char.IsAsciiLetterUpper(name[at - 1])));
    }

    private static bool IsNoSecret(ReadOnlySpan<char> plain)
    {
        foreach (var part in NoSecrets)
        {
            if (plain.Contains(part, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static IEnumerable<(string, SecretName)> Of(string rule, NameStrength strength, params string[] ends) =>
        ends.Select(end => (end, new SecretName(strength, rule)));

    // Of two ends the longer one says more.
    private static (string, SecretName)[] InOrder(IEnumerable<(string End, SecretName Name)> known) =>
        [.. known.OrderByDescending(one => one.End.Length)];
}
