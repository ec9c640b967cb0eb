using Audit.Lifecycle.Json;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Audit.Lifecycle.Redaction;

/// <summary>
/// Which rules hold: the built-in ones that are not switched off, and those of one's own. The version names the set.
/// </summary>
public sealed class RedactionRules
{
    private const int MostOwnRules = 100, LongestName = 64;
    private const string Accepted =
        "accepted is {\"off\": [names of built-in rules], \"rules\": [{\"name\": …, \"pattern\": …}]}";

    /// <summary>
    /// Changed whenever a built-in rule finds something else than before, so that its version changes as well.
    /// </summary>
    private const string BuiltInEdition = "5";

    public static readonly RedactionRules Default = new([], []);

    private readonly HashSet<string> off;

    private RedactionRules(IEnumerable<string> off, IReadOnlyList<OwnRule> own)
    {
        this.off = [.. off];
        Own = own;
        Names = [.. RuleNames.BuiltIn.Where(IsOn), .. own.Select(rule => rule.Name)];
        Version = VersionOf();
    }

    /// <summary>The rules that hold.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The SHA-256 of the effective rule set, in lower-case hex.</summary>
    public string Version { get; }

    internal IReadOnlyList<OwnRule> Own { get; }

    internal bool IsOn(string rule) => off.Count == 0 || !off.Contains(rule);

    /// <exception cref="UnreadableException">It is no such file; the message says where.</exception>
    public static RedactionRules Parse(ReadOnlyMemory<byte> json)
    {
        var strict = new StrictJsonReader(json.Span);
        strict.Read();
        strict.Skip();
        using var document = JsonDocument.Parse(json);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
        {
            throw new UnreadableException("", Accepted);
        }

        var off = new List<string>();
        var own = new List<OwnRule>();
        foreach (var member in document.RootElement.EnumerateObject())
        {
            switch (member.Name)
            {
                case "off":
                    off.AddRange(ReadOff(member.Value));
                    break;
                case "rules":
                    ReadOwn(member.Value, own);
                    break;
                default:
                    throw new UnreadableException(member.Name, $"not known; {Accepted}");
            }
        }

        return new RedactionRules(off, own);
    }

    private static IEnumerable<string> ReadOff(JsonElement names)
    {
        if (names.ValueKind != JsonValueKind.Array)
        {
            throw new UnreadableException("off", Accepted);
        }

        foreach (var (index, name) in names.EnumerateArray().Index())
        {
            yield return name.ValueKind == JsonValueKind.String && RuleNames.BuiltIn.Contains(name.GetString())
                ? name.GetString()!
                : throw new UnreadableException(
                    $"off[{index}]", $"no built-in rule; these are {string.Join(", ", RuleNames.BuiltIn)}");
        }
    }

    private static void ReadOwn(JsonElement rules, List<OwnRule> own)
    {
        if (rules.ValueKind != JsonValueKind.Array || rules.GetArrayLength() > MostOwnRules)
        {
            throw new UnreadableException("rules", $"{Accepted}, at most {MostOwnRules} of them");
        }

        foreach (var (index, rule) in rules.EnumerateArray().Index())
        {
            var place = $"rules[{index}]";
            var name = Text(rule, "name", place);
            if (name.Length > LongestName || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '-'))
            {
                throw new UnreadableException(
                    $"{place}.name", $"at most {LongestName} letters, digits and - are accepted");
            }

            if (RuleNames.BuiltIn.Contains(name) || own.Exists(one => one.Name == name))
            {
                throw new UnreadableException($"{place}.name", $"there is a rule \"{name}\" already");
            }

            own.Add(new OwnRule(name, Text(rule, "pattern", place), place));
        }
    }

    private static string Text(JsonElement rule, string name, string place) =>
        rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text
            ? text
            : throw new UnreadableException($"{place}.{name}", "a string that is not empty is expected");

    private string VersionOf()
    {
        var set = new StringBuilder("edition ").Append(BuiltInEdition).Append('\n');
        foreach (var name in RuleNames.BuiltIn.Where(IsOn))
        {
            set.Append("built-in ").Append(name).Append('\n');
        }

        foreach (var rule in Own)
        {
            set.Append("own ").Append(rule.Name).Append(' ').Append(JsonEncodedText.Encode(rule.Pattern)).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(set.ToString())));
    }
}

/// <summary>A rule of one's own. Its pattern never takes longer than the text is long.</summary>
internal sealed class OwnRule
{
    /// <exception cref="UnreadableException">The pattern cannot be used.</exception>
    public OwnRule(string name, string pattern, string place)
    {
        (Name, Pattern) = (name, pattern);
        try
        {
            Regex = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            throw new UnreadableException(
                $"{place}.pattern", $"not a regular expression without backtracking: {wrong.Message}");
        }

        if (Regex.IsMatch(""))
        {
            throw new UnreadableException($"{place}.pattern", "it finds something in an empty text");
        }
    }

    public string Name { get; }

    public string Pattern { get; }

    public Regex Regex { get; }
}

/// <summary>The names of the built-in rules. They stand in events for ever.</summary>
public static class RuleNames
{
    internal const string AwsKey = "aws-key", GoogleKey = "google-key", AzureKey = "azure-key",
        GitHubToken = "github-token", GitLabToken = "gitlab-token", SlackToken = "slack-token",
        StripeKey = "stripe-key", AiKey = "ai-key", NpmToken = "npm-token", PyPiToken = "pypi-token",
        HuggingFaceToken = "huggingface-token", ServiceToken = "service-token", AuditToken = "audit-token",
        Jwt = "jwt", Authorization = "authorization", PrivateKey = "private-key", UrlPassword = "url-password",
        CommandPassword = "command-password", Password = "password", Cookie = "cookie", NamedSecret = "named-secret";

    public static IReadOnlyList<string> BuiltIn { get; } =
    [
        AiKey, AuditToken, Authorization, AwsKey, AzureKey, CommandPassword, Cookie, GitHubToken, GitLabToken,
        GoogleKey, HuggingFaceToken, Jwt, NamedSecret, NpmToken, Password, PrivateKey, PyPiToken, ServiceToken,
        SlackToken, StripeKey, UrlPassword,
    ];
}
