using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;

namespace Audit.Actors;

/// <summary>Writes what the actor system has to say to the standard error, a line each, as the node writes its own log.</summary>
internal sealed class StandardErrorLogger : ReceiveActor, IRequiresMessageQueue<ILoggerMessageQueueSemantics>
{
    public StandardErrorLogger()
    {
        Receive<InitializeLogger>(_ => Sender.Tell(new LoggerInitialized()));
        Receive<LogEvent>(Write);
    }

    private static void Write(LogEvent said)
    {
        var text = said.Message?.ToString()?.ReplaceLineEndings(" ");
        var cause = said.Cause is { } failure ? $" {failure.GetType().Name}: {failure.Message.ReplaceLineEndings(" ")}" : "";
        Console.Error.WriteLine($"{said.Timestamp:yyyy-MM-ddTHH:mm:ss.fffZ} {WordOf(said)}: {said.LogSource} {text}{cause}");
    }

    private static string WordOf(LogEvent said) => said switch
    {
        Error => "fail",
        Warning => "warn",
        Info => "info",
        _ => "dbug",
    };
}
