using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Audit.Node.Hosting;

/// <summary>A line for each message of the log, without the secrets that a message or an exception may quote.</summary>
internal sealed class LogLines(LogRedaction redaction, TimeProvider? clock = null) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "audit-lines";

    private readonly TimeProvider clock = clock ?? TimeProvider.System;

    public override void Write<TState>(
        in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var message = logEntry.Formatter(logEntry.State, logEntry.Exception);
        var text = logEntry.Exception is null ? message : $"{message} {logEntry.Exception}";
        var line = redaction.Text(text).ReplaceLineEndings(" ");
        var time = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        textWriter.WriteLine($"{time} {WordOf(logEntry.LogLevel)}: {logEntry.Category}[{logEntry.EventId.Id}] {line}");
    }

    private static string WordOf(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce",
        LogLevel.Debug => "dbug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "fail",
        _ => "crit",
    };
}

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
