using Audit.Api.Diary;

namespace Audit.Api.Log;

/// <summary>What an operator does to the log, as the journal keeps it.</summary>
internal static class LogActs
{
    public static Task WriteRestartedAsync(OperatorActs acts, string actor, LogRestart restart) =>
        acts.WriteAsync("log.restarted", actor, json =>
        {
            json.WriteString("old_origin", restart.OldOrigin);
            json.WriteString("last_checkpoint", restart.LastCheckpoint?.ToString());
            json.WriteString("new_origin", restart.NewOrigin);
            json.WriteString("reason", restart.Reason);
        });
}
