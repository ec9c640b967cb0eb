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
                $"The read models were built anew, up to position {answer.Cell("position")}."));
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
            await asked.Node.PostAsync(
                "v1/projections/skip", new { position = asked.Get(position), reason = asked.Get(reason) },
                asked.Cancellation);
            surroundings.Out.WriteLine($"Position {asked.Get(position)} is passed over.");
        });
    }

    private static async Task<JsonElement> RebuildAsync(Asked asked, IProgress<Passed>? bar)
    {
        using var answer = await asked.Node.RequireAsync(HttpMethod.Post, "v1/projections/rebuild", asked.Cancellation);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(asked.Cancellation));
        while (await lines.ReadLineAsync(asked.Cancellation) is { } line)
        {
            var news = JsonElement.Parse(line);
            switch (news.TextAt("status"))
            {
                case "rebuilt":
                    return news;
                case "failed":
                    throw CommandException.Failed(news.TextAt("error") ?? "The rebuild failed.");
                default:
                    bar?.Report(new Passed(news.NumberAt("position"), news.NumberAt("end")));
                    break;
            }
        }

        throw CommandException.Failed("The node ended the answer before it said what became of the rebuild.");
    }
}
