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

/// <summary>`audit waiting`, and `audit approve|refuse SESSION CALL`: what hosts ask, and what people answer.</summary>
internal static class DecideCommands
{
    private static readonly Column<CallAnswer>[] Shown =
    [
        new("asked at", call => Cells.Clock(call.AskedAt)) { IsRigid = true },
        new("source", call => call.Source, Rank: 5), new("session", call => call.SessionId) { Least = 20 },
        new("call", call => call.ToolCallId) { Least = 20 }, new("tool", call => call.ToolName, Rank: 2),
        new("command", call => call.Command), new("said", call => call.Remark, Rank: 1),
        new("agent", call => call.Agent, Rank: 3), new("task", call => call.TaskId, Rank: 4),
        new("question", call => call.Question?.Question) { IsRigid = true },
    ];

    public static Command MakeWaiting(Surroundings surroundings)
    {
        var command = new Command(
            "waiting", "Lists the calls that wait for a person's decision, each with the question that is asked.");
        var limit = command.AddLimit("calls");
        return command.Asks(surroundings, asked => asked.PrintListAsync(
            asked.Get(limit), "calls", "v1/waiting", WireJson.Default.CallAnswer, Shown));
    }

    public static Command MakeApprove(Surroundings surroundings)
    {
        var command = new Command(
            "approve", "Approves the question by which a call waits: the one that is named, and no other that the call "
            + "asks by then. It needs the roles read and approve, and another person than who asks.");
        var question = command.AddText("--question", "Q", "what is approved, as `waiting` shows it", required: true);
        var length = command.AddText("--for", "once|session|location", "what it is approved for; default: once");
        length.Validators.Add(given =>
        {
            if (given.Tokens is [{ Value: not ("once" or "session" or "location") and var other }])
            {
                given.AddError($"--for \"{other}\" is not accepted; accepted is once, session or location.");
            }
        });
        var reason = command.AddText("--reason", "TEXT", "what the host is told");
        var cut = command.AddFlag("--not-seen-whole", "also where something of the question was cut or redacted");
        return Answers(surroundings, command, question, mayBeApproved: false, asked => new
        {
            decision = asked.Get(length) is { } one and not "once" ? $"approve-for-{one}" : "approve-once",
            feedback = asked.Get(reason),
            not_seen_whole = asked.Get(cut),
        });
    }

    public static Command MakeRefuse(Surroundings surroundings)
    {
        var command = new Command(
            "refuse", "Refuses what a call waits for, also where it was approved and has not begun. It needs the roles "
            + "read and approve.");
        var question = command.AddText(
            "--question", "Q", "what is refused, as `waiting` shows it; default: what stands");
        var reason = command.AddText("--reason", "TEXT", "why, as the host is told", required: true);
        return Answers(
            surroundings, command, question, mayBeApproved: true,
            asked => new { decision = "reject", feedback = asked.Get(reason) });
    }

    /// <summary>Of a call that ended nothing is posted: that would be a violation in the book.</summary>
    /// <param name="mayBeApproved">Also where a person approved it; what only its host approved waits still.</param>
    private static Command Answers<T>(
        Surroundings surroundings, Command command, Option<string> question, bool mayBeApproved, Func<Asked, T> say)
        where T : class
    {
        var session = command.AddName("SESSION", "the session");
        var call = command.AddName("CALL", "the tool call");
        var source = command.AddSource();
        return command.Asks(surroundings, async asked =>
        {
            var (id, of) = (("session", asked.Get(session)), ("call", asked.Get(call)));
            var shown = (await asked.AskAsync(
                "v1/call", WireJson.Default.CallDetailAnswer, id, of, ("source", asked.Get(source)))).Value;
            var isOpen = shown.Waiting || (mayBeApproved && shown.State == Words.Of(CallState.Approved));
            if (shown.Question is not { } standing || !isOpen)
            {
                throw CommandException.Failed(
                    $"The call \"{shown.ToolCallId}\" waits for no decision: it is {shown.State.Replace('_', ' ')}.");
            }

            var body = JsonSerializer.SerializeToNode(say(asked))!.AsObject();
            body["sequence"] = standing.Sequence;
            body["question"] = asked.Get(question) ?? standing.Question;
            var receipt = await asked.Node.PostAsync(
                NodeClient.PathOf("v1/call/decision", id, of, ("source", shown.Source)), body,
                WireJson.Default.ReceiptAnswer, asked.Cancellation);
            asked.Surroundings.Out.WriteLine(
                receipt.State == Words.Of(CallState.AwaitingConfirmation)
                    ? $"Noted, at position {receipt.Position}: another person approves it too."
                    : $"The call is {receipt.State}, at position {receipt.Position}.");
        });
    }
}
