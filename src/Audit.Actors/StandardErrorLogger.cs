using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Audit.Actors;

/// <summary>
/// Writes what the actor system has to say to the standard error, a line each, as the node writes its own log.
/// </summary>
internal sealed class StandardErrorLogger : ReceiveActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    public StandardErrorLogger()
    {
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(Write);
    }

    private static void Write(LogEvent happened)
    {
        var text = happened.Message?.ToString()?.ReplaceLineEndings(" ");
        var cause = happened.Cause is { } failure
            ? $" {failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}"
            : "";
        var time = $"{happened.Timestamp:yyyy-MM-ddTHH:mm:ss.fffZ}";
        Console.Error.WriteLine($"{time} {WordOf(happened)}: {happened.LogSource} {text}{cause}");
    }

    private static string WordOf(LogEvent happened) => happened switch
    {
        Error => "fail",
        Warning => "warn",
        Info => "info",
        _ => "dbug",
    };
}
