using System.Data.Common;
using Audit.Api.Answers;

namespace Audit.Api.Log;

/// <summary>Answers what can keep the log from answering.</summary>
internal static class LogGuard
{
    public static RequestDelegate Around(RequestDelegate handler) => async context =>
    {
        try
        {
            await handler(context);
        }
        catch (LogDamagedException damaged) when (!context.Response.HasStarted)
        {
            await context.WriteProblemAsync(Damaged(damaged.Message));
        }
        catch (DbException) when (!context.Response.HasStarted)
        {
            await context.WriteProblemAsync(Problem.JournalAway("The database of the log does not answer."));
        }
    };

    private static Problem Damaged(string detail) => new(500, "log-damaged", "What was sealed is not there as it was", detail);
}
