using Spectre.Console;

namespace Audit.Node.CommandLine.Terminal;

/// <summary>How far a work has come; an end of 0 where nobody knows it.</summary>
internal readonly record struct Passed(long Count, long End);

/// <summary>The bar that a person sees while something takes its time.</summary>
internal sealed class Bar(ProgressTask task) : IProgress<Passed>
{
    /// <summary>Shows a bar on the error output, where that is a terminal; the work is given null otherwise.</summary>
    public static async Task<T> ShowAsync<T>(
        Surroundings surroundings, string what, Func<IProgress<Passed>?, Task<T>> work)
    {
        if (!surroundings.ErrorIsTerminal)
        {
            return await work(null);
        }

        return await surroundings.Error.ToAnsiConsole().Progress().AutoClear(true)
            .Columns(
                new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn())
            .StartAsync(context => work(new Bar(context.AddTask(what))));
    }

    public static Task ShowAsync(Surroundings surroundings, string what, Func<IProgress<Passed>?, Task> work) =>
        ShowAsync(surroundings, what, async bar =>
        {
            await work(bar);
            return true;
        });

    public void Report(Passed value)
    {
        // Some more may follow than there were in the beginning.
        task.IsIndeterminate = value.End == 0;
        task.MaxValue = Math.Max(1, Math.Max(value.End, value.Count));
        task.Value = value.Count;
    }
}

internal static class Consoles
{
    public static IAnsiConsole ToAnsiConsole(this TextWriter terminal) =>
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(terminal) });
}
