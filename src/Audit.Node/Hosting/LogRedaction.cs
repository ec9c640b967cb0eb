using System.Security.Cryptography;

namespace Audit.Node.Hosting;

/// <summary>
/// The redaction of a node. Until its store is open the log has a key of its own, so that hashes in it say nothing.
/// </summary>
internal sealed partial class LogRedaction(RedactionRules? rules)
{
    private volatile Redactor? redactor = rules is null
        ? null
        : new Redactor(rules, new RecordHasher(RandomNumberGenerator.GetBytes(RecordHasher.KeyLength)));

    /// <summary>For the person who starts the node.</summary>
    public string Sentence { get; private set; } = "";

    /// <summary>Takes the key of the store, and says in the log what holds.</summary>
    /// <returns>Null where redaction is off.</returns>
    public Redactor? Open(RecordHasher hasher, string? file, ILogger log)
    {
        if (rules is null)
        {
            Sentence = "off: secrets are stored as they come";
            LogOff(log);
            return null;
        }

        var from = file is null ? "built in" : $"with {file}";
        Sentence = $"{rules.Names.Count} rules ({from}), version {rules.Version}";
        return redactor = new Redactor(rules, hasher);
    }

    public string Text(string text) => redactor?.Text(text) ?? text;

    [LoggerMessage(LogLevel.Warning, "Redaction is off: secrets in what comes in are stored as they come.")]
    private static partial void LogOff(ILogger log);
}
