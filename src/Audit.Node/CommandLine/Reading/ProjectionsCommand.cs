using System.CommandLine;
using System.Net.Http.Json;

namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit projections skip POSITION --reason …`.</summary>
internal static class ProjectionsCommand
{
    public static Command Make(Surroundings surroundings) => new("projections", "Does something about the read models.")
    {
        MakeSkip(surroundings),
    };

    private static Command MakeSkip(Surroundings surroundings)
    {
        var command = new Command("skip", "Passes over the event that halted the read models, for good; the journal keeps who did so and why.");
        var position = new Argument<long>("POSITION") { Description = "the position at which they are halted" };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "why it may be passed over", Required = true };
        command.Arguments.Add(position);
        command.Options.Add(reason);
        var read = new ReadSymbols(surroundings, command);
        command.SetAction(async (parsed, cancellation) =>
        {
            using var node = await read.OpenAsync(parsed, cancellation);
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/projections/skip")
            {
                Content = JsonContent.Create(new { position = parsed.GetValue(position), reason = parsed.GetValue(reason) }),
            };
            using var answer = await node.Client.RequireAsync(request, cancellation);
            surroundings.Out.WriteLine($"Position {parsed.GetValue(position)} is passed over.");
            return ExitCode.Fine;
        });
        return command;
    }
}
