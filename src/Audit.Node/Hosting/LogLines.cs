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
