namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit sessions` and `audit show SESSION [CALL]`.</summary>
internal static class SessionCommands
{
    private static readonly Column[] Shown =
    [
        Column.Of("session_id", "session"), Column.Of("calls"), Column.Of("states"), Column.Of("violations"),
        Column.Of("agents"), Column.Of("tasks"), Column.Time("first_at", "first"), Column.Time("last_at", "last"),
        new("told whole", item => item.GetProperty("completeness").Cell("complete")),
    ];

    public static Command MakeList(Surroundings surroundings)
    {
        var command = new Command("sessions", "Lists the sessions, newest first.");
        var limit = command.AddLimit("sessions");
        return command.Asks(surroundings, asked =>
            asked.Output.PrintListAsync(asked.ListAsync(asked.Get(limit), "v1/sessions"), Shown));
    }

    public static Command MakeShow(Surroundings surroundings)
    {
        var command = new Command("show", "Shows a session as a timeline, or one call of it message by message.");
        var session = command.AddName("SESSION", "the session");
        var call = command.AddOptionalName("CALL", "one tool call of it");
        var at = command.AddMoment("as it was known then");
        var limit = command.AddLimit("calls");
        return command.Asks(surroundings, asked =>
        {
            var (id, moment) = (("session", asked.Get(session)), ("at", asked.Get(at)));
            return asked.Get(call) is { } one
                ? ShowCallAsync(asked, id, ("call", one), moment)
                : ShowSessionAsync(asked, asked.Get(limit), id, moment);
        });
    }

    private static async Task ShowCallAsync(Asked asked, params (string Name, string? Value)[] which)
    {
        var call = await asked.AskAsync("v1/call", which);
        asked.Output.PrintOne(call, shown => CallText.Write(asked.Surroundings, shown));
    }

    private static async Task ShowSessionAsync(Asked asked, int limit, params (string Name, string? Value)[] which)
    {
        var session = await asked.AskAsync("v1/session", which);
        var calls = await asked.ListAsync(limit, "v1/session/calls", which).ToListAsync(asked.Cancellation);
        asked.Output.PrintOne(
            SessionText.Join(session, calls), _ => SessionText.Write(asked.Surroundings, session, calls));
    }
}
