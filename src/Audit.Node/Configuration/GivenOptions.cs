using Microsoft.Extensions.Configuration;
using System.Collections;

namespace Audit.Node.Configuration;

/// <summary>
/// The options as they were given, the strongest of each: the command line goes over the environment, and that over
/// appsettings.json. A name is the same with or without dashes and underscores: `AUDIT__MAX_WINDOW` is documented.
/// </summary>
public sealed class GivenOptions
{
    public const string Store = "store", Engine = "engine", Urls = "urls", Data = "data", MaxWindow = "max-window",
        LogOrigin = "log-origin", LogKey = "log-key", LogSigner = "log-signer",
        RowKey = "row-key", PublicLog = "public-log",
        Redaction = "redaction", MaxUnsealed = "max-unsealed", Witness = "witness", WitnessQuorum = "witness-quorum",
        MaxUnwitnessed = "max-unwitnessed", CheckpointTo = "checkpoint-to", Quotas = "quotas", Hocon = "hocon",
        Certificate = "certificate", CertificateKey = "certificate-key", TrustProxy = "trust-proxy",
        InsecureHttp = "insecure-http", InsecureRemoting = "insecure-remoting",
        AllowSelfApproval = "allow-self-approval",
        AcceptSetBack = "accept-set-back", Policy = "policy";

    private const string FileName = "appsettings.json", SectionName = "Audit", Prefix = "AUDIT__";

    private static readonly string[] Names =
    [
        Store, Engine, Urls, Data, MaxWindow, LogOrigin, LogKey, LogSigner, RowKey, PublicLog, Redaction, Hocon,
        Certificate, CertificateKey, TrustProxy, InsecureHttp, InsecureRemoting, AllowSelfApproval, MaxUnsealed,
        Witness, WitnessQuorum,
        MaxUnwitnessed,
        CheckpointTo, Quotas, AcceptSetBack, Policy,
    ];

    private readonly Dictionary<string, GivenOption> given = [];

    public GivenOption? this[string name] => given.GetValueOrDefault(name);

    /// <param name="commandLine">Option names without dashes before them, and their values.</param>
    /// <param name="directory">Where appsettings.json is looked for.</param>
    public static GivenOptions Gather(
        IEnumerable<KeyValuePair<string, string>> commandLine, IDictionary environment, string directory)
    {
        var options = new GivenOptions();
        options.AddFile(directory);
        options.AddEnvironment(environment);
        foreach (var (name, value) in commandLine)
        {
            options.given[name] = new GivenOption(value, $"--{name}");
        }

        return options;
    }

    private void AddFile(string directory)
    {
        foreach (var setting in ReadFile(Path.Combine(directory, FileName)).GetSection(SectionName).GetChildren())
        {
            var where = $"{setting.Path} in {FileName}";
            Add(setting.Key, setting.Value
                ?? throw new OptionException($"{where} is not a text; one text is accepted."), where);
        }
    }

    private static IConfigurationRoot ReadFile(string path)
    {
        try
        {
            return new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path), optional: true).Build();
        }
        catch (Exception failure) when (failure is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"{path} cannot be read: {failure.InnerException?.Message ?? failure.Message}");
        }
    }

    private void AddEnvironment(IDictionary environment)
    {
        foreach (DictionaryEntry variable in environment)
        {
            var name = (string)variable.Key;
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                Add(name[Prefix.Length..], (string?)variable.Value ?? "", name);
            }
        }
    }

    // A setting that nobody reads is a misspelt one, and the node would run otherwise than its owner believes.
    private void Add(string key, string value, string where)
    {
        var name = Array.Find(
            Names, known => string.Equals(Plain(known), Plain(key), StringComparison.OrdinalIgnoreCase))
            ?? throw new OptionException(
                $"{where} is not a setting of the node; its settings are {string.Join(", ", Names)}.");
        given[name] = new GivenOption(value, where);
    }

    private static string Plain(string name) => name.Replace("-", "").Replace("_", "");
}

/// <summary>A value as somebody wrote it, and where: `--store`, `AUDIT__STORE`, or the setting of a file.</summary>
public sealed record GivenOption(string Value, string Where)
{
    /// <summary>Names the option, the value and what is accepted, in one sentence.</summary>
    public OptionException NotAccepted(string accepted) =>
        new($"{Where} \"{Value}\" is not accepted; accepted is {accepted}.");
}

/// <summary>An option that cannot be used; the message is the sentence for the person who gave it.</summary>
public sealed class OptionException(string sentence) : Exception(sentence);
