namespace Audit.Api.Alerts;

/// <summary>What somebody is told of: a rule of the program's own, or a query of the investigation search.</summary>
/// <param name="Name">As the file names it.</param>
/// <param name="Severity">As OCSF counts them, from 1 (informational) to 5 (critical).</param>
/// <param name="Query">What finds the calls; null for what events or the node's own state show.</param>
public sealed record AlertRule(string Name, string Title, int Severity, string? Query = null)
{
    public static readonly AlertRule
        Violation = new("violation", "A message was refused as a violation", 4),
        OutsideWindow = new(
            "outside_window", "A call was made outside of its task's windows, or out of their scope", 4,
            "is:outside-window,out-of-scope"),
        NotPersisted = new("failed_to_persist", "A host could not keep the result of a call", 3),
        Flood = new("flood", "A call sent more messages than it may write", 3),
        Halt = new("halt", "A part of the node has halted", 5),
        SignInRefused = new("sign_in_refused", "Requests were refused for their token or its role", 3),
        Test = new("test", "Somebody tries whether alerts arrive", 1);

    /// <summary>Those of the program.</summary>
    public static readonly IReadOnlyList<AlertRule> BuiltIn =
        [Violation, OutsideWindow, NotPersisted, Flood, Halt, SignInRefused];

    public static readonly IReadOnlyList<string> Severities =
        ["unknown", "informational", "low", "medium", "high", "critical"];

    public string SeverityName => Severities[Severity];
}

public enum AlertFormat
{
    Standard,
    Ocsf,
}

/// <summary>Where alerts are posted, or into which directory the book is written on and on.</summary>
/// <param name="Url">Null for a directory.</param>
/// <param name="SecretFile">Has a secret for each signature.</param>
/// <param name="IsPrivate">The operator says that the address may be one of her own network.</param>
/// <param name="Timeout">How long one try may take.</param>
/// <param name="Directory">Null for an address.</param>
/// <param name="WithContent">With the content in the place of what is sealed.</param>
public sealed record AlertDestination(
    string Name, Uri? Url, string? SecretFile, bool IsPrivate, AlertFormat Format, IReadOnlyList<AlertRule> Rules,
    TimeSpan Timeout, string? Directory, bool WithContent)
{
    /// <summary>For people: paths and queries of such addresses are often secrets.</summary>
    public string To => Directory ?? Url!.GetLeftPart(UriPartial.Authority);

    public string FormatName => Url is null ? "ndjson" : Format.ToString().ToLowerInvariant();
}

/// <summary>The file `alerts.json` of the data directory, as it holds now.</summary>
/// <param name="Link">The address of the pages, for links.</param>
/// <param name="Trouble">Why the file as it is now does not hold; then the last one that could be read goes on.</param>
internal sealed record AlertPlan(
    byte[] Bytes, Uri? Link, IReadOnlyList<AlertRule> Rules, IReadOnlyList<AlertDestination> Destinations,
    string? Trouble = null)
{
    public static readonly AlertPlan None = new([], null, [], []);

    private const int MostRules = 100, MostDestinations = 20, LongestTimeout = 30, UsualTimeout = 15;

    /// <param name="check">Throws where a query is none.</param>
    /// <exception cref="UnreadableException">It is none; the message says where and what is accepted.</exception>
    public static AlertPlan Parse(byte[] bytes, string directory, Action<string> check)
    {
        var file = StrictObject.Parse(bytes);
        file.RequireOnly(["link", "rules", "destinations"]);
        var own = Each(file, "rules", MostRules, one => RuleOf(one, check));
        AlertRule[] rules = [.. AlertRule.BuiltIn, .. own];
        var destinations = Each(
            file, "destinations", MostDestinations, one => DestinationOf(one, directory, rules));
        RequireDifferent("rules", rules.Select(rule => rule.Name));
        RequireDifferent("destinations", destinations.Select(one => one.Name));
        RequireDifferent("destinations", destinations.Select(one => one.Directory).OfType<string>());
        return new AlertPlan(bytes, file.Text("link") is { } link ? Address("link", link) : null, rules, destinations);
    }

    /// <summary>The secrets of a file, one on each line: the first is the one that holds.</summary>
    /// <exception cref="InvalidDataException">There are none; the message quotes nothing of it.</exception>
    public static IReadOnlyList<byte[]> ReadSecrets(string file)
    {
        const string Prefix = "whsec_";
        var secrets = new List<byte[]>();
        foreach (var line in File.ReadLines(file).Select(line => line.Trim()).Where(line => line.Length > 0))
        {
            var secret = new byte[line.Length];
            if (!line.StartsWith(Prefix, StringComparison.Ordinal)
                || !Convert.TryFromBase64String(line[Prefix.Length..], secret, out var length)
                || length is < 24 or > 64)
            {
                throw new InvalidDataException(
                    $"{file}: each line is to be {Prefix} and 24 to 64 random bytes in base64.");
            }

            secrets.Add(secret[..length]);
        }

        return secrets.Count > 0 ? secrets : throw new InvalidDataException($"{file} is empty.");
    }

    private static AlertRule RuleOf(StrictObject one, Action<string> check)
    {
        one.RequireOnly(["name", "query", "title", "severity"]);
        var (name, query, severity) = (NameOf(one), one.RequiredText("query"), one.Text("severity") ?? "medium");
        check(query);
        var number = AlertRule.Severities.Index().FirstOrDefault(known => known.Item == severity).Index;
        return number > 0
            ? new AlertRule(name, one.Text("title") ?? $"The search {name} found a call", number, query)
            : throw new UnreadableException(
                "severity", $"accepted are {string.Join(", ", AlertRule.Severities.Skip(1))}, not \"{severity}\"");
    }

    private static AlertDestination DestinationOf(StrictObject one, string directory, IReadOnlyList<AlertRule> rules)
    {
        if (one.Text("directory") is { } path)
        {
            one.RequireOnly(["name", "directory", "content"]);
            return new AlertDestination(
                NameOf(one), null, null, false, default, [], default,
                Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, directory)), one.Flag("content"));
        }

        one.RequireOnly(["name", "url", "secret_file", "private", "format", "rules", "timeout_seconds"]);
        var (url, isPrivate) = (Address("url", one.RequiredText("url")), one.Flag("private"));
        if (url.Scheme != "https" && !isPrivate)
        {
            throw new UnreadableException("url", "https is expected, but where private is true");
        }

        var format = one.Text("format") switch
        {
            null or "standard" => AlertFormat.Standard,
            "ocsf" => AlertFormat.Ocsf,
            var other => throw new UnreadableException("format", $"standard or ocsf is expected, not \"{other}\""),
        };
        var seconds = one.Number("timeout_seconds") ?? UsualTimeout;
        return new AlertDestination(
            NameOf(one), url, Path.GetFullPath(one.RequiredText("secret_file"), directory), isPrivate, format,
            one.Texts("rules", MostRules) is { } named ? [.. named.Select(Named)] : rules,
            seconds is >= 1 and <= LongestTimeout
                ? TimeSpan.FromSeconds(seconds)
                : throw new UnreadableException("timeout_seconds", $"1 to {LongestTimeout} is expected, not {seconds}"),
            null, false);

        AlertRule Named(string name) => rules.FirstOrDefault(rule => rule.Name == name)
            ?? throw new UnreadableException(
                "rules", $"\"{name}\" is none; there are {string.Join(", ", rules.Select(rule => rule.Name))}");
    }

    private static string NameOf(StrictObject one) => one.RequiredText("name") is { Length: <= 64 } name
        && name.All(unit => char.IsAsciiLetterOrDigit(unit) || unit is '_' or '-')
        ? name
        : throw new UnreadableException("name", "at most 64 letters, digits, _ and - are expected");

    private static Uri Address(string name, string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo == ""
            ? url
            : throw new UnreadableException(name, "an address with http or https is expected, without a user in it");

    private static void RequireDifferent(string where, IEnumerable<string> names)
    {
        if (names.GroupBy(name => name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw new UnreadableException(where, $"\"{twice.Key}\" is there twice");
        }
    }

    private static List<T> Each<T>(StrictObject file, string name, int most, Func<StrictObject, T> read)
    {
        var found = new List<T>();
        if (file.Member(name) is not { } array)
        {
            return found;
        }

        if (array.ValueKind != JsonValueKind.Array || array.GetArrayLength() > most)
        {
            throw new UnreadableException(name, $"an array of at most {most} objects is expected");
        }

        foreach (var (index, one) in array.EnumerateArray().Index())
        {
            try
            {
                found.Add(read(StrictObject.Parse(Encoding.UTF8.GetBytes(one.GetRawText()))));
            }
            catch (Exception wrong) when (wrong is UnreadableException or SearchQueryException)
            {
                throw new UnreadableException($"{name}[{index}]", wrong.Message);
            }
        }

        return found;
    }
}

/// <summary>
/// The plan of the node. Its file is the operator's and is looked at again and again, so that a change holds at once;
/// what is broken is heard, and changes nothing.
/// </summary>
internal sealed class AlertBook(ApiSettings settings, ReadSide reads, FailureLog failures)
{
    private readonly Lock gate = new();
    private readonly string file = Path.GetFullPath("alerts.json", Path.GetFullPath(settings.Data));
    private byte[] seen = [];
    private AlertPlan now = AlertPlan.None;

    public AlertPlan Now
    {
        get
        {
            lock (gate)
            {
                return now = Look();
            }
        }
    }

    private AlertPlan Look()
    {
        try
        {
            if (!File.Exists(file))
            {
                seen = [];
                return AlertPlan.None;
            }

            var bytes = Read();
            if (bytes.AsSpan().SequenceEqual(seen))
            {
                return now;
            }

            seen = bytes;
            return AlertPlan.Parse(bytes, Path.GetDirectoryName(file)!, query => reads.Search.Parse(query));
        }
        catch (Exception wrong) when (wrong
            is UnreadableException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            var trouble = $"The file {file} cannot be used: {wrong.Message}";
            if (trouble != now.Trouble)
            {
                failures.Report("alerts file", new InvalidDataException(trouble, wrong));
            }

            return now with { Trouble = trouble };
        }
    }

    /// <summary>What cannot be read is none that was seen: what is there then may be what was before.</summary>
    private byte[] Read()
    {
        var known = seen;
        seen = [];
        var bytes = File.ReadAllBytes(file);
        seen = bytes.Length > 0 ? known
            : throw new UnreadableException("", "it is empty, as one that is just being written");
        return bytes;
    }
}
