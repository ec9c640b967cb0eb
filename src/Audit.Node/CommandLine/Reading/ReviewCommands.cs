namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit violations` and `audit review SESSION CALL --reason …`.</summary>
internal static class ReviewCommands
{
    private const string Waiting = "waiting";
    private const string Reopened = "reopened";

    private static readonly Column<ViolationAnswer>[] Shown =
    [
        new("at", violation => Cells.Clock(violation.At)), new("position", violation => violation.Position),
        new("source", violation => violation.Source), new("session", violation => violation.SessionId),
        new("call", violation => violation.ToolCallId ?? violation.WindowId),
        new("event", violation => violation.Sequence), new("message", violation => violation.Message),
        new("verdict", violation => violation.Verdict ?? violation.Cause),
        new("review", violation => violation.Review), new("lifted after", LiftedAfter),
        new("by", violation => violation.ReviewedBy), new("reason", violation => violation.Reason),
    ];

    public static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("violations", "Lists what was refused, standing and lifted, newest first.");
        var unreviewed = command.AddFlag("--unreviewed", "only what waits for a person to review it");
        var lifted = command.AddText("--lifted", "true|false", "only what was lifted, or only what stands");
        var limit = command.AddLimit("violations");
        return command.Asks(surroundings, asked => asked.Output.PrintListAsync(
            asked.ListAsync(
                asked.Get(limit), "v1/violations", WireJson.Default.ViolationAnswer,
                ("review", asked.Get(unreviewed) ? Waiting : null), ("lifted", asked.Get(lifted))),
            Shown));
    }

    public static Command MakeReview(Surroundings surroundings)
    {
        var command = new Command(
            "review",
            "Acknowledges violations of a call, as they stand now: all that wait, or those that are named. "
            + "It needs the role approve or admin, and another person than who is behind them.");
        var session = command.AddName("SESSION", "the session");
        var call = command.AddName("CALL", "the tool call");
        var source = command.AddSource();
        var sequences = command.AddTexts("--sequence", "N", "an event of the call that was refused, as `show` counts");
        var reason = command.AddText("--reason", "TEXT", "what you found", required: true);
        return command.Asks(surroundings, asked => ReviewAsync(
            asked, asked.Get(sequences) ?? [], asked.Get(reason)!,
            ("session", asked.Get(session)), ("source", asked.Get(source)), ("call", asked.Get(call))));
    }

    private static async Task ReviewAsync(
        Asked asked, string[] named, string reason, params (string Name, string? Value)[] which)
    {
        var shown = await asked.AskAsync("v1/call", WireJson.Default.CallDetailAnswer, which);
        var seen = shown.Value.Transitions.Where(message => named.Length == 0
            ? message.Review is Waiting or Reopened
            : message.Review is not null && named.Contains($"{message.Sequence}")).ToList();
        if (seen.Count < Math.Max(named.Length, 1))
        {
            throw CommandException.Failed(named.Length == 0
                ? "No violation of this call waits for review."
                : $"Of the events {string.Join(", ", named)} some were never refused.");
        }

        var receipt = await asked.Node.PostAsync(
            NodeClient.PathOf("v1/call/review", which),
            new
            {
                sequences = seen.Select(message => message.Sequence),
                verdicts = seen.Select(message => message.Violation ?? "lifted"),
                reason,
            },
            WireJson.Default.ReceiptAnswer, asked.Cancellation);
        asked.Surroundings.Out.WriteLine(
            $"{(seen.Count == 1 ? "One violation is" : $"{seen.Count} violations are")} reviewed, "
            + $"at position {receipt.Position}.");
    }

    private static string? LiftedAfter(ViolationAnswer violation) =>
        violation.LiftedAfter is { } seconds ? Cells.Duration(seconds * 1000) : null;
}
