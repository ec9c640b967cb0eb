namespace Audit.Lifecycle.Redaction;

/// <summary>A token that its issuer marks with a beginning of its own.</summary>
/// <param name="Letters">What follows the beginning.</param>
/// <param name="Least">How many of them there are at least.</param>
/// <param name="Most">Beyond them no letter or digit follows; 0 for any number.</param>
/// <param name="IsMixed">Holds digits, and upper-case letters or much hex, for words may begin so too.</param>
/// <param name="Dots">How many of them stand in it, where that is known.</param>
internal sealed record TokenShape(
    string Prefix, string Rule, SearchValues<char> Letters, int Least, int Most = 0, bool IsMixed = false,
    int Dots = 0)
{
    private const int AwsSecretLength = 40;

    /// <summary>How far from the id of an AWS key its secret is looked for.</summary>
    private const int AwsSecretReach = 300;

    private static readonly TokenShape[] Known =
    [
        .. Of(RuleNames.AwsKey, Redaction.Letters.UpperOrDigit, 16, 16, "AKIA", "ASIA", "ABIA", "ACCA"),
        .. Of(RuleNames.AwsKey, Redaction.Letters.Base64, 60, 0, "ABSK"),
        .. Of(RuleNames.GoogleKey, Redaction.Letters.WordOrDash, 35, 35, "AIza"),
        .. Of(RuleNames.GoogleKey, Redaction.Letters.WordDashOrDot, 20, 0, "ya29.", "GOCSPX-", "1//0"),
        .. Of(RuleNames.GitHubToken, Redaction.Letters.Alphanumeric, 36, 0, "ghp_", "gho_", "ghu_", "ghs_", "ghr_"),
        .. Of(RuleNames.GitHubToken, Redaction.Letters.Word, 22, 0, "github_pat_"),
        .. Of(
            RuleNames.GitLabToken, Redaction.Letters.WordDashOrDot, 20, 0,
            "glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glcbt-", "glimt-", "glagent-", "glft-", "glffct-",
            "glsoat-", "gloas-", "glwt-"),
        // One letter says of which kind it is, and a dash ends it: without that one of 238,000 ids begins so.
        .. Of(
            RuleNames.SlackToken, Redaction.Letters.AlphanumericOrDash, 12, 0,
            [.. "abcdefghijklmnopqrstuvwxyz".Select(kind => $"xox{kind}-"), "xapp-", "xwfp-"]),
        .. Of(RuleNames.SlackToken, Redaction.Letters.Path, 20, 0, "hooks.slack.com/"),
        .. Of(
            RuleNames.StripeKey, Redaction.Letters.Alphanumeric, 10, 0,
            "sk_live_", "sk_test_", "rk_live_", "rk_test_"),
        .. Mixed(RuleNames.AiKey, 20, "sk-", "pplx-", "lsv2_", "tgp_v1_", "pcsk_", "tvly-"),
        .. Of(RuleNames.NpmToken, Redaction.Letters.Alphanumeric, 36, 0, "npm_"),
        .. Of(RuleNames.PyPiToken, Redaction.Letters.WordOrDash, 50, 0, "pypi-"),
        .. Of(RuleNames.HuggingFaceToken, Redaction.Letters.Alphanumeric, 30, 0, "hf_", "api_org_"),
        .. Of(RuleNames.AuditToken, Redaction.Letters.WordOrDash, 43, 43, "aat_"),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.WordDashOrDot, 60, 0, "SG."),
        .. Of(
            RuleNames.ServiceToken, Redaction.Letters.WordOrDash, 24, 0,
            "dop_v1_", "doo_v1_", "dor_v1_", "shpat_", "xai-", "gsk_", "lin_api_", "PMAK-", "glsa_", "nvapi-", "ntn_"),
        .. Mixed(
            RuleNames.ServiceToken, 20, "dckr_", "shpca_", "shppa_", "shpss_", "shptka_", "sq0atp-", "sq0csp-",
            "sq0idp-", "sntrys_", "sntryu_", "figd_", "dp.pt.", "dp.st.", "dp.ct.",
            "dp.sa.", "dp.scim.", "hvs.", "hvb.", "hvr.", "r8_", "sbp_", "sb_secret_", "rubygems_", "secret_",
            "key-", "NRAK-", "NRII-", "NRIQ-", "pscale_", "pul-", "tskey-", "SWMTKN-", "xkeysib-", "xsmtpsib-",
            "ATATT", "ATCTT", "ATBB", "pat-na1-", "pat-eu1-", "HRKU-", "glc_", "phx_", "CCIPAT_", "sqp_",
            "squ_", "AVNS_", "LTAI", "dt0c01.", "sk.eyJ"),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.Hex, 32, 32, "dapi"),
        .. "0123456789abcdef".Select(
            digit => new TokenShape("SK" + digit, RuleNames.ServiceToken, Redaction.Letters.Hex, 31, 31)),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.Path, 40, 0, "/api/webhooks/", "webhook.office.com/"),
        .. Of(RuleNames.ServiceToken, Redaction.Letters.UpperOrDigit, 50, 0, "AGE-SECRET-KEY-1"),
        // The number of a bot in base64, and two more parts.
        .. new[] { "MTA", "MTE", "MTI", "MTM", "MTQ" }.Select(start => new TokenShape(
            start, RuleNames.ServiceToken, Redaction.Letters.WordDashOrDot, 50, IsMixed: true, Dots: 2)),
    ];

    /// <summary>Tokens with a mark in them, and how much stands before it and behind it.</summary>
    private static readonly (string Mark, string Rule, int Before, int Behind)[] Marked =
    [
        (".atlasv1.", RuleNames.ServiceToken, 14, 40), ("8Q~", RuleNames.AzureKey, 3, 30),
        ("+ASt", RuleNames.AzureKey, 70, 6), ("AzFu", RuleNames.AzureKey, 40, 6), ("AzSe", RuleNames.AzureKey, 40, 6),
        ("-us1", RuleNames.ServiceToken, 32, 0), ("-us2", RuleNames.ServiceToken, 32, 0),
    ];

    /// <summary>One in which signs may stand so near to one another that it is no run of letters.</summary>
    private static readonly TokenShape Signed = new("whsec_", RuleNames.StripeKey, Redaction.Letters.Base64, 20);

    public static Trigger OfSigned => new(Signed.Prefix, Signed.Match);

    public static IEnumerable<Trigger> Triggers =>
    [
        .. Known.Select(shape => new Trigger(shape.Prefix, shape.Match)),
        .. Marked.Select(one => new Trigger(
            one.Mark, (ref scan, at) => MatchMarked(ref scan, at, one.Mark, one.Rule, one.Before, one.Behind))),
    ];

    private static IEnumerable<TokenShape> Of(
        string rule, SearchValues<char> letters, int least, int most, params string[] prefixes) =>
        prefixes.Select(prefix => new TokenShape(prefix, rule, letters, least, most));

    private static IEnumerable<TokenShape> Mixed(string rule, int least, params string[] prefixes) =>
        prefixes.Select(prefix => new TokenShape(
            prefix, rule, Redaction.Letters.WordDashOrDot, least, IsMixed: true));

    private static void MatchMarked(ref SecretScan scan, int at, string mark, string rule, int before, int behind)
    {
        var text = scan.Text;
        var isBase64 = rule == RuleNames.AzureKey && before > 3;
        var letters = isBase64 ? Redaction.Letters.Base64 : Redaction.Letters.QueryValue;
        var from = Math.Max(0, at - SecretScan.Reach);
        var start = from + text[from..at].LastIndexOfAnyExcept(letters) + 1;
        // `KEY=token` is one run.
        start += isBase64 ? 0 : text[start..at].LastIndexOf('=') + 1;
        var end = at + mark.Length;
        end += Redaction.Letters.Run(text[end..Math.Min(text.Length, end + SecretScan.Reach)], letters);
        if (text[at..].StartsWith(mark, StringComparison.Ordinal) && at - start >= before
            && end - at - mark.Length >= behind && Redaction.Letters.HasDigit(text[start..end]))
        {
            scan.Add(start, end - start, rule);
        }
    }

    private void Match(ref SecretScan scan, int at)
    {
        var text = scan.Text[at..];
        // A beginning that words may have too stands at the begin of one; another may stand behind `__` or `KEY_`.
        var isInWord = Prefix[0] != '/' && !Redaction.Letters.BeginsWord(scan.Text, at)
            && (scan.Text[at - 1] != '_' || (IsMixed && scan.Text[Math.Max(0, at - 2)] != '_'));
        if (isInWord || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return;
        }

        // Who does not know a token by its first thousand letters does not read on, again and again.
        var rest = text[Prefix.Length..];
        var length = Redaction.Letters.Run(rest[..Math.Min(rest.Length, 2 * SecretScan.Reach)], Letters);
        if (Most > 0 && length > Most && !Redaction.Letters.HasLetterOrDigit(rest[Most..length]))
        {
            // Signs behind it are none of its own.
            length = Most;
        }

        var secret = rest[..length];
        var goesOn = Most > 0 && length < rest.Length && char.IsAsciiLetterOrDigit(rest[length]);
        if (length < Least || (Most > 0 && length > Most) || goesOn || Redaction.Letters.IsOneLetter(secret)
            || (IsMixed && !LooksMade(secret)) || (Dots > 0 && secret.TrimEnd('.').Count('.') != Dots))
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

    private static bool LooksMade(ReadOnlySpan<char> secret) =>
        Redaction.Letters.HasDigit(secret) && (Redaction.Letters.HasUpper(secret)
            || secret.Length - 1 - secret.LastIndexOfAnyExcept(Redaction.Letters.Hex) >= 32);

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
