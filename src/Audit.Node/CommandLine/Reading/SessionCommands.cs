namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit sessions` and `audit show SESSION [CALL]`.</summary>
internal static class SessionCommands
{
    private static readonly Column<SessionAnswer>[] Shown =
    [
        new("session", session => session.SessionId) { Least = 20 }, new("source", session => session.Source, Rank: 6),
        new("calls", session => session.Calls) { IsRigid = true },
        new("states", session => session.States, Rank: 3),
        new(
            "violations", session => session.Violations,
            Colour: session => session.Violations > 0 ? Ansi.Loud : Ansi.Faint) { IsRigid = true },
        new("agents", session => session.Agents, Rank: 2), new("tasks", session => session.Tasks, Rank: 1),
        new("first", session => Cells.Clock(session.FirstAt), Rank: 5) { IsRigid = true },
        new("last", session => Cells.Clock(session.LastAt)) { IsRigid = true },
        new("complete", session => session.Completeness?.Complete, Rank: 4) { IsRigid = true },
    ];

    public static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("sessions", "Lists the sessions, newest first.");
        var limit = command.AddLimit("sessions");
        return command.Asks(surroundings, asked =>
            asked.PrintListAsync(
                asked.Get(limit), "sessions", "v1/sessions", WireJson.Default.SessionAnswer, Shown));
    }

    public static Command MakeShow(Surroundings surroundings)
    {
        var command = new Command("show", "Shows a session as a timeline, or one call of it message by message.");
        var session = command.AddName("SESSION", "the session");
        var call = command.AddOptionalName("CALL", "one tool call of it");
        var source = command.AddSource();
        var at = command.AddMoment("as it was known then");
        var limit = command.AddLimit("calls");
        return command.Asks(surroundings, asked =>
        {
            var (id, whose) = (("session", asked.Get(session)), ("source", asked.Get(source)));
            var moment = ("at", asked.Get(at));
            return asked.Get(call) is { } one
                ? asked.PrintAsync(
                    "v1/call", WireJson.Default.CallDetailAnswer, CallText.Write, id, whose, ("call", one),
                    moment)
                : ShowSessionAsync(asked, asked.Get(limit), id, whose, moment);
        });
    }

    private static async Task ShowSessionAsync(Asked asked, int limit, params (string Name, string? Value)[] which)
    {
        var session = await asked.AskAsync("v1/session", WireJson.Default.SessionAnswer, which);
        var calls = await asked.ListAsync(limit, "v1/session/calls", WireJson.Default.CallAnswer, which)
            .ToListAsync(asked.Cancellation);
        asked.Output.PrintOne(
            SessionText.Join(session, calls),
            () => SessionText.Write(
                asked.Surroundings, session.Value, [.. calls.Select(call => call.Value).Reverse()]));
    }
}
