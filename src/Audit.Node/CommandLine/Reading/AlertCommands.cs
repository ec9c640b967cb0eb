namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit alerts`, `audit alerts test DESTINATION` and `audit alerts again DESTINATION [ID]`.</summary>
internal static class AlertCommands
{
    private const string Destination = "DESTINATION", AboutDestination = "its name in alerts.json";

    private static readonly Column<AlertDestinationAnswer>[] Shown =
    [
        new("destination", one => one.Name) { Least = 20 }, new("to", one => one.To, Rank: 1),
        new("format", one => one.Format, Rank: 4), new("rules", one => one.Rules, Rank: 5),
        new("waiting", one => one.Waiting) { IsRigid = true }, new("sent", one => one.Sent) { IsRigid = true },
        new("given up", one => one.GivenUp, Colour: one => one.GivenUp > 0 ? Ansi.Red : null) { IsRigid = true },
        new("last", one => Cells.Clock(one.LastSentAt), Rank: 3) { IsRigid = true },
        new("trouble", one => one.Error, Rank: 2),
    ];

    private static readonly Column<UnsentAlertAnswer>[]
        Waiting = Of(new("next try", one => Cells.Clock(one.NextTryAt)) { IsRigid = true }),
        Dead = Of(new("given up", one => Cells.Clock(one.GivenUpAt)) { IsRigid = true });

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "alerts", "Shows where the alerts of alerts.json go, what waits, and what was given up.")
        {
            MakeTest(surroundings), MakeAgain(surroundings),
        };
        return command.Asks(
            surroundings, asked => asked.PrintAsync("v1/alerts", WireJson.Default.AlertsAnswer, Write));
    }

    private static Command MakeTest(Surroundings surroundings)
    {
        var command = new Command("test", "Sends an alert that says it is a test, and tells whether it was taken.");
        var to = command.AddName(Destination, AboutDestination);
        return command.Asks(surroundings, async asked =>
        {
            var answer = await asked.Node.PostAsync(
                "v1/alerts/test", new { destination = asked.Get(to) }, WireJson.Default.AlertTestAnswer,
                asked.Cancellation);
            if (!answer.Taken)
            {
                throw CommandException.Failed($"The alert was not taken: {answer.Error}.");
            }

            surroundings.Out.WriteLine("The alert was taken.");
        });
    }

    private static Command MakeAgain(Surroundings surroundings)
    {
        var command = new Command("again", "Has sent again what was given up, and says so in the book.");
        var to = command.AddName(Destination, AboutDestination);
        var id = command.AddOptionalName("ID", "the alert; all that was given up where none is named");
        return command.Asks(surroundings, async asked =>
        {
            var ids = asked.Get(id) is { } one ? new[] { one } : null;
            var answer = await asked.Node.PostAsync(
                "v1/alerts/again", new { destination = asked.Get(to), ids }, WireJson.Default.AlertsAgainAnswer,
                asked.Cancellation);
            surroundings.Out.WriteLine(
                $"{answer.Alerts} {(answer.Alerts == 1 ? "alert waits" : "alerts wait")} to be sent again.");
        });
    }

    private static Column<UnsentAlertAnswer>[] Of(Column<UnsentAlertAnswer> when) =>
    [
        when, new("rule", one => one.Rule), new("position", one => one.Position) { IsRigid = true },
        new("session", one => one.SessionId, Rank: 3), new("call", one => one.ToolCallId ?? one.WindowId, Rank: 2),
        new("tries", one => one.Tries, Rank: 4), new("trouble", one => one.Error), new("id", one => one.Id, Rank: 5),
    ];

    private static void Write(Surroundings surroundings, AlertsAnswer alerts)
    {
        var page = new TextPage(surroundings);
        page.Title($"alerts: {alerts.State}");
        page.Line("trouble", alerts.Trouble);
        page.Table("destinations", Shown, alerts.Destinations);
        foreach (var one in alerts.Destinations)
        {
            page.Table($"waiting for {one.Name}", Waiting, one.Waits);
            page.Table($"given up for {one.Name}", Dead, one.Dead);
        }

        page.End();
    }
}
