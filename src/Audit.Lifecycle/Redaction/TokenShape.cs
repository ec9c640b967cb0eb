namespace Audit.Lifecycle.Redaction;

/// <summary>A token that its issuer marks with a beginning of its own.</summary>
/// <param name="Letters">What follows the beginning.</param>
/// <param name="Least">How many of them there are at least.</param>
/// <param name="Most">Beyond them no letter or digit follows; 0 for any number.</param>
/// <param name="IsMixed">Holds upper-case letters and digits, for words may begin so too.</param>
internal sealed record TokenShape(
    string Prefix, string Rule, SearchValues<char> Letters, int Least, int Most = 0, bool IsMixed = false)
{
    private const int AwsSecretLength = 40;

    /// <summary>How far from the id of an AWS key its secret is looked for.</summary>
    private const int AwsSecretReach = 300;

    private static readonly TokenShape[] Known =
    [
        .. Of(RuleNames.AwsKey, Redaction.Letters.UpperOrDigit, 16, 16, "AKIA", "ASIA"),
        .. Of(RuleNames.GoogleKey, Redaction.Letters.WordOrDash, 35, 35, "AIza"),
        .. Of(RuleNames.GoogleKey, Redaction.Letters.WordDashOrDot, 20, 0, "ya29.", "GOCSPX-"),
        .. Of(RuleNames.GitHubToken, Redaction.Letters.Alphanumeric, 36, 0, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        .. Of(RuleNames.GitHubToken, Redaction.Letters.Word, 22, 0, "github_pat_"),
        .. Of(
            RuleNames.GitLabToken, Redaction.Letters.WordDashOrDot, 20, 0,
            "glpat-", "gldt-", "glrt-", "glptt-"),
        // One letter says of which kind it is: `xoxb-…`.
        .. Of(RuleNames.SlackToken, Redaction.Letters.AlphanumericOrDash, 14, 0, "xox", "xapp-"),
        .. Of(RuleNames.SlackToken, Redaction.Letters.Path, 20, 0, "hooks.slack.com/services/"),
        .. Of(
            RuleNames.StripeKey, Redaction.Letters.Alphanumeric, 10, 0,
            "sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        .. Of(RuleNames.StripeKey, Redaction.Letters.Base64, 20, 0, "whsec_"),
        new("sk-", RuleNames.AiKey, Redaction.Letters.WordOrDash, 20, IsMixed: true),
        .. Of(RuleNames.NpmToken, Redaction.Letters.Alphanumeric, 36, 0, "npm_"),
        .. Of(RuleNames.PyPiToken, Redaction.Letters.WordOrDash, 50, 0, "pypi-"),
        .. Of(RuleNames.HuggingFaceToken, Redaction.Letters.Alphanumeric, 30, 0, "hf_"),
        .. Of(RuleNames.AuditToken, Redaction.Letters.WordOrDash, 43, 43, "aat_"),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.WordDashOrDot, 60, 0, "SG."),
        .. Of(
            RuleNames.ServiceToken, Redaction.Letters.WordOrDash, 24, 0,
            "dop_v1_", "dckr_pat_", "shpat_", "hvs.", "xai-", "gsk_", "lin_api_", "PMAK-", "glsa_", "nvapi-", "ntn_"),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.UpperOrDigit, 50, 0, "AGE-SECRET-KEY-1"),
    ];

    public static IEnumerable<Trigger> Triggers => Known.Select(shape => new Trigger(shape.Prefix, shape.Match));

    private static IEnumerable<TokenShape> Of(
        string rule, SearchValues<char> letters, int least, int most, params string[] prefixes) =>
        prefixes.Select(prefix => new TokenShape(prefix, rule, letters, least, most));

    private void Match(ref SecretScan scan, int at)
    {
        var text = scan.Text[at..];
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Redaction.Letters.BeginsWord(scan.Text, at))
        {
            return;
        }

        // Who does not know a token by its first thousand letters does not read on, again and again.
        var rest = text[Prefix.Length..];
        var length = Redaction.Letters.Run(rest[..Math.Min(rest.Length, 2 * SecretScan.Reach)], Letters);
        var secret = rest[..length];
        var goesOn = Most > 0 && length < rest.Length && char.IsAsciiLetterOrDigit(rest[length]);
        if (length < Least || (Most > 0 && length > Most) || goesOn || Redaction.Letters.IsOneLetter(secret)
            || (IsMixed && !(Redaction.Letters.HasDigit(secret) && Redaction.Letters.HasUpper(secret))))
        {
            return;
        }

        length += Redaction.Letters.Run(rest[length..], Letters);
        scan.Add(at, Prefix.Length + length, Rule);
        if (Rule == RuleNames.AwsKey)
        {
            AddAwsSecrets(ref scan, at, at + Prefix.Length + length);
        }
    }

    /// <summary>The secret of an AWS key has no mark but its length, and stands beside the key's id.</summary>
    private static void AddAwsSecrets(ref SecretScan scan, int idStart, int idEnd)
    {
        var at = Math.Max(0, idStart - AwsSecretReach);
        var last = Math.Min(scan.Text.Length, idEnd + AwsSecretReach);
        while (at < last)
        {
            var skipped = scan.Text[at..last].IndexOfAny(Redaction.Letters.Base64);
            if (skipped < 0)
            {
                return;
            }

            at += skipped;
            var run = scan.Text[at..Math.Min(scan.Text.Length, at + SecretScan.Reach)];
            run = run[..Redaction.Letters.Run(run, Redaction.Letters.Base64)];
            // `KEY=secret` is one run: what is left of the sign is the name.
            var name = run.Length > AwsSecretLength ? run[..^AwsSecretLength] : default;
            var isSecret = run.Length >= AwsSecretLength && (name.IsEmpty || name[^1] == '=')
                && Redaction.Letters.LooksRandom(run[name.Length..], AwsSecretLength);
            if (isSecret)
            {
                scan.Add(at + name.Length, AwsSecretLength, RuleNames.AwsKey);
            }

            at += run.Length;
        }
    }
}
