namespace Audit.Node.CommandLine.Reading;

/// <summary>
/// What is done about the read models: `audit rebuild` and `audit projections skip POSITION --reason …`.
/// </summary>
internal static class ModelCommands
{
    public static Command MakeRebuild(Surroundings surroundings)
    {
        var command = new Command(
            "rebuild", "Builds the read models anew from the journal, beside the live ones, and swaps.");
        return command.Asks(surroundings, async asked =>
        {
            var last = await Bar.ShowAsync(surroundings, "positions", bar => RebuildAsync(asked, bar));
            asked.Output.PrintOne(last, answer => surroundings.Out.WriteLine(
                $"The read models were built anew, up to position {answer.Position}."));
        });
    }

    public static Command MakeProjections(Surroundings surroundings) =>
        new("projections", "Does something about the read models.") { MakeSkip(surroundings) };

    private static Command MakeSkip(Surroundings surroundings)
    {
        var command = new Command(
            "skip",
            "Passes over the event that halted the read models, for good; the journal keeps who did so and why.");
        var position = command.Declare(
            new Argument<long>("POSITION") { Description = "the position at which they are halted" });
        var reason = command.AddText("--reason", "TEXT", "why it may be passed over", required: true);
        return command.Asks(surroundings, async asked =>
        {
            var skipped = await asked.Node.PostAsync(
                "v1/projections/skip", new { position = asked.Get(position), reason = asked.Get(reason) },
                WireJson.Default.SkippedAnswer, asked.Cancellation);
            surroundings.Out.WriteLine($"Position {skipped.Position} is passed over.");
        });
    }

    private static async Task<Answer<RebuildLine>> RebuildAsync(Asked asked, IProgress<Passed>? bar)
    {
        var lines = asked.Node.PostAsync("v1/projections/rebuild", WireJson.Default.RebuildLine, asked.Cancellation);
        await foreach (var line in lines)
        {
            switch (line.Value)
            {
                case { Status: "rebuilt" }:
                    return line;
                case { Status: "failed", Error: var error }:
                    throw CommandException.Failed(error ?? "The rebuild failed.");
                case { Position: var position, End: var end }:
                    bar?.Report(new Passed(position, end ?? 0));
                    break;
            }
        }

        throw CommandException.Failed("The node ended the answer before it reported what became of the rebuild.");
    }
}
