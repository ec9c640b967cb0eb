namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit violations` and `audit review SESSION CALL --reason …`.</summary>
internal static class ReviewCommands
{
    private const string Waiting = "waiting";
    private const string Reopened = "reopened";

    private static readonly Column<ViolationAnswer>[] Shown =
    [
        new("at", violation => Cells.Clock(violation.At)) { IsRigid = true },
        new("position", violation => violation.Position, Rank: 7) { IsRigid = true },
        new("source", violation => violation.Source, Rank: 8),
        new("session", violation => violation.SessionId) { Least = 20 },
        new("call", violation => violation.ToolCallId ?? violation.WindowId) { Least = 20 },
        new("event", violation => violation.Sequence, Rank: 6), new("message", violation => violation.Message, Rank: 3),
        new("verdict", violation => violation.Verdict ?? violation.Cause, Colour: _ => Ansi.Red),
        new("review", violation => violation.Review), new("lifted after", LiftedAfter, Rank: 5),
        new("finding", violation => violation.Finding, Rank: 5),
        new("by", violation => violation.ReviewedBy, Rank: 4), new("reason", violation => violation.Reason, Rank: 2),
    ];

    public static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("violations", "Lists what was refused, standing and lifted, newest first.");
        var unreviewed = command.AddFlag("--unreviewed", "only what waits for a person to review it");
        var lifted = command.AddText("--lifted", "true|false", "only what was lifted, or only what stands");
        var limit = command.AddLimit("violations");
        return command.Asks(surroundings, asked => asked.PrintListAsync(
            asked.Get(limit), "violations", "v1/violations", WireJson.Default.ViolationAnswer, Shown,
            ("review", asked.Get(unreviewed) ? Waiting : null), ("lifted", asked.Get(lifted))));
    }

    public static Command MakeReview(Surroundings surroundings)
    {
        var command = new Command(
            "review",
            "Reviews violations of a call or a window, as they stand now: all that wait, or those that are named. "
            + "It needs the role approve or admin, and another person than who is behind them.");
        var session = command.AddOptionalName("SESSION", "the session");
        var call = command.AddOptionalName("CALL", "the tool call");
        var window = command.AddText("--window", "WINDOW", "a window in place of a call, by its id or its name");
        var source = command.AddSource();
        var sequences = command.AddTexts("--sequence", "N", "an event that was refused, as `show` counts");
        var reason = command.AddText("--reason", "TEXT", "what you found", required: true);
        var finding = command.AddText(
            "--finding", "acknowledged|false_alarm|escalated", "what it comes to; default: acknowledged");
        return command.Asks(
            surroundings,
            asked => asked.Get(window) is { } one
                ? ReviewWindowAsync(asked, ("window", one), ("source", asked.Get(source)))
                : ReviewCallAsync(
                    asked, ("session", asked.Get(session)), ("source", asked.Get(source)), ("call", asked.Get(call))),
            parsed =>
            {
                if ((parsed.GetValue(window) is null) == (parsed.GetValue(call) is null)
                    || (parsed.GetValue(window) is not null && parsed.GetValue(session) is not null))
                {
                    throw CommandException.WrongUse("Either SESSION and CALL are expected, or --window.");
                }
            });

        async Task ReviewCallAsync(Asked asked, params (string Name, string? Value)[] which)
        {
            var shown = await asked.AskAsync("v1/call", WireJson.Default.CallDetailAnswer, which);
            // The one that was shown, where the command names none.
            which = [.. which.Where(one => one.Name != "source"), ("source", shown.Value.Source)];
            await ReviewAsync(asked, "v1/call/review", which, shown.Value.Transitions.Select(message =>
                new SeenViolation(message.Sequence, message.Review, message.Violation ?? "lifted")));
        }

        async Task ReviewWindowAsync(Asked asked, params (string Name, string? Value)[] which)
        {
            var shown = await asked.AskAsync("v1/window", WireJson.Default.WindowDetailAnswer, which);
            await ReviewAsync(asked, "v1/window/review", which, shown.Value.History.Select(act =>
                new SeenViolation(act.Sequence, act.Review, act.Verdict ?? "")));
        }

        Task ReviewAsync(
            Asked asked, string path, (string Name, string? Value)[] which, IEnumerable<SeenViolation> refused) =>
            PostAsync(
                asked, NodeClient.PathOf(path, which), asked.Get(sequences) ?? [], [.. refused], asked.Get(reason)!,
                asked.Get(finding));
    }

    private sealed record SeenViolation(long Sequence, string? Review, string Verdict);

    private static async Task PostAsync(
        Asked asked, string path, string[] named, IReadOnlyList<SeenViolation> refused, string reason,
        string? finding)
    {
        var seen = refused.Where(one => named.Length == 0
            ? one.Review is Waiting or Reopened
            : one.Review is not null && named.Contains($"{one.Sequence}")).ToList();
        if (seen.Count < Math.Max(named.Length, 1))
        {
            throw CommandException.Failed(named.Length == 0
                ? "No violation of it waits for review."
                : $"Of the events {string.Join(", ", named)} some were never refused.");
        }

        var receipt = await asked.Node.PostAsync(
            path,
            new
            {
                sequences = seen.Select(one => one.Sequence), verdicts = seen.Select(one => one.Verdict), reason, finding,
            },
            WireJson.Default.ReceiptAnswer, asked.Cancellation);
        asked.Surroundings.Out.WriteLine(
            $"{(seen.Count == 1 ? "One violation is" : $"{seen.Count} violations are")} reviewed, "
            + $"at position {receipt.Position}.");
    }

    private static string? LiftedAfter(ViolationAnswer violation) =>
        violation.LiftedAfter is { } seconds ? Cells.Duration(seconds * 1000) : null;
}
