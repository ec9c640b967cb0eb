using System.CommandLine;
using System.Text.Json;
using Audit.Node.CommandLine.Remote;
using Spectre.Console;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit rebuild`.</summary>
internal static class RebuildCommand
{
    public static Command Make(Surroundings surroundings)
    {
        var command = new Command("rebuild", "Builds the read models anew from the journal, beside the live ones, and swaps.");
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            var last = await ShowAsync(surroundings, report => RunAsync(node.Client, report, cancellation));
            Answers.PrintOne(surroundings, read.Format(parsed), last, answer => surroundings.Out.WriteLine(
                $"The read models were built anew, up to position {answer.Cell("position")}."));
            return ExitCode.Fine;
        });
        return command;
    }

    private static async Task<JsonElement> RunAsync(NodeClient client, Action<JsonElement>? report, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/projections/rebuild");
        using var answer = await client.RequireAsync(request, cancellation);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            var told = JsonElement.Parse(line);
            switch (told.Text("status"))
            {
                case "rebuilt":
                    return told;
                case "failed":
                    throw CommandException.Failed(told.Text("error") ?? "The rebuild failed.");
                default:
                    report?.Invoke(told);
                    break;
            }
        }

        throw CommandException.Failed("The node ended the answer before it said what became of the rebuild.");
    }

    private static async Task<JsonElement> ShowAsync(Surroundings surroundings, Func<Action<JsonElement>?, Task<JsonElement>> work)
    {
        if (!surroundings.ErrorIsTerminal)
        {
            return await work(null);
        }

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(surroundings.Error) });
        return await console.Progress().AutoClear(true)
            .Columns(new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new TaskDescriptionColumn())
            .StartAsync(context =>
            {
                var bar = context.AddTask("positions");
                return work(told =>
                {
                    bar.MaxValue = Math.Max(1, told.Number("end"));
                    bar.Value = told.Number("position");
                });
            });
    }
}
