namespace Audit.Lifecycle.Redaction;

/// <summary>How surely a name says that its value is a secret.</summary>
internal enum NameStrength : byte
{
    None,

    /// <summary>Only of a value that looks like one.</summary>
    Weak,
    Strong,
}

/// <summary>What a name says of its value.</summary>
internal readonly record struct SecretName(NameStrength Strength, string Rule)
{
    public const int Longest = 64;

    /// <summary>No end of a name by which a secret is known is longer, with what may part its words.</summary>
    public const int LongestEnd = 24;

    /// <summary>Names of what only looks like a secret: where a list goes on, and how texts are cut.</summary>
    private static readonly string[] NoSecrets =
    [
        "page", "next", "continu", "sync", "cancel", "pad", "eos", "bos", "mask", "sep", "unk", "design", "max", "stop",
    ];

    private static readonly (string End, SecretName Name)[] Known =
    [
        ("password", Of(RuleNames.Password)),
        ("passwd", Of(RuleNames.Password)),
        ("passphrase", Of(RuleNames.Password)),
        ("passcode", Of(RuleNames.Password)),
        ("pwd", Of(RuleNames.Password)),
        ("secret", Of(RuleNames.NamedSecret)),
        ("secretaccesskey", Of(RuleNames.AwsKey)),
        ("accountkey", Of(RuleNames.AzureKey)),
        ("sharedaccesskey", Of(RuleNames.AzureKey)),
        ("secretkey", Of(RuleNames.NamedSecret)),
        ("secretvalue", Of(RuleNames.NamedSecret)),
        ("apikey", Of(RuleNames.NamedSecret)),
        ("privatekey", Of(RuleNames.NamedSecret)),
        ("accesstoken", Of(RuleNames.NamedSecret)),
        ("authtoken", Of(RuleNames.NamedSecret)),
        ("refreshtoken", Of(RuleNames.NamedSecret)),
        ("bearertoken", Of(RuleNames.NamedSecret)),
        ("apitoken", Of(RuleNames.NamedSecret)),
        ("authorization", new(NameStrength.Strong, RuleNames.Authorization)),
        ("accesskey", new(NameStrength.Weak, RuleNames.NamedSecret)),
        ("token", new(NameStrength.Weak, RuleNames.NamedSecret)),
    ];

    /// <summary>A name of any writing: `DB_PASSWORD`, `dbPassword`, `db-password`.</summary>
    public static SecretName Find(ReadOnlySpan<char> name)
    {
        Span<char> plain = stackalloc char[Longest];
        var length = 0;
        foreach (var letter in name.Length > Longest ? name[^Longest..] : name)
        {
            if (char.IsAsciiLetterOrDigit(letter))
            {
                plain[length++] = char.ToLowerInvariant(letter);
            }
        }

        plain = plain[..length];
        if (plain is "pass" || name.EndsWith("_pass", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith("-pass", StringComparison.OrdinalIgnoreCase))
        {
            return new SecretName(NameStrength.Weak, RuleNames.Password);
        }

        var found = default(SecretName);
        foreach (var (end, known) in Known)
        {
            if (plain.EndsWith(end))
            {
                found = known;
                if (known.Rule is RuleNames.AwsKey or RuleNames.AzureKey)
                {
                    break;
                }
            }
        }

        return found.Strength == NameStrength.Weak && IsNoSecret(plain) ? default : found;
    }

    public bool IsStrong => Strength == NameStrength.Strong;

    /// <summary>Whether this is the secret that the name speaks of.</summary>
    public bool Covers(ReadOnlySpan<char> value) =>
        Strength != NameStrength.None && !Placeholders.IsOne(value)
        && (Strength == NameStrength.Strong || Letters.LooksRandom(value, Rule == RuleNames.Password ? 6 : 16));

    private static SecretName Of(string rule) => new(NameStrength.Strong, rule);

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
}
