using Spectre.Console;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>The bar that a person sees while an ingest runs.</summary>
internal sealed class IngestBar(IAnsiConsole console, ProgressTask task)
{
    public static Task ShowAsync(TextWriter terminal, Stream input, Func<IngestBar, Task> work)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(terminal),
            // It would take a pipe on the standard input for a sign that nobody looks.
            Interactive = InteractionSupport.Yes,
        });
        var progress = console.Progress().AutoClear(true).Columns(ColumnsFor(input));
        return progress.StartAsync(context =>
        {
            var task = context.AddTask(
                "0 items", maxValue: input.CanSeek ? Math.Max(1, input.Length) : double.MaxValue);
            // Nobody knows how long the standard input is.
            task.IsIndeterminate = !input.CanSeek;
            return work(new IngestBar(console, task));
        });
    }

    private static ProgressColumn[] ColumnsFor(Stream input) => input.CanSeek
        ? [new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn(), new RemainingTimeColumn(),
            new TaskDescriptionColumn()]
        : [new SpinnerColumn(), new TransferSpeedColumn(), new TaskDescriptionColumn()];

    public void Update(long bytes, IngestCounts counts)
    {
        task.Value = bytes;
        task.Description = $"{counts.Items} items{(counts.Others == 0 ? "" : $", {counts.Others} to look at")}";
    }

    public void WriteLine(string line) => console.WriteLine(line);
}
