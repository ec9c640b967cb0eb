using Spectre.Console;

namespace Audit.Node.CommandLine.Verify;

/// <summary>The bar that a person sees while rows go by.</summary>
internal sealed class RowsBar(ProgressTask task) : IProgress<VerifyProgress>
{
    public static async Task<T> ShowAsync<T>(
        Surroundings surroundings, string what, Func<IProgress<VerifyProgress>?, Task<T>> work)
    {
        if (!surroundings.ErrorIsTerminal)
        {
            return await work(null);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(surroundings.Error) });
        return await console.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn())
            .StartAsync(context => work(new RowsBar(context.AddTask(what))));
    }

    public void Report(VerifyProgress value)
    {
        // Without a log nobody knows how many rows there are; with one, some more may follow.
        task.IsIndeterminate = value.Sealed == 0;
        task.MaxValue = Math.Max(1, Math.Max(value.Sealed, value.Rows));
        task.Value = value.Rows;
    }
}
