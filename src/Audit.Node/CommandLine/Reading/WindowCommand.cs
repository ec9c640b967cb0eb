namespace Audit.Node.CommandLine.Reading;

/// <summary>`audit windows [WINDOW]`: who, for what, from when until when, on whose word, and what was done.</summary>
internal static class WindowCommand
{
    public static readonly Column[] Shown =
    [
        Column.Of("window_id", "window"), Column.Of("state"), Column.Of("task_id", "task"), Column.Of("agent"),
        Column.Of("scope"), Column.Time("opens_at", "from"), new("until", Until),
        Column.Of("requested_by", "requested by"), Column.Of("approved_by", "approved by"), Column.Of("reason"),
    ];

    private static readonly Column[] History =
    [
        Column.Time("at", "at"), Column.Of("event"), Column.Of("by"), Column.Of("on_behalf_of", "on behalf of"),
        Column.Of("reason"), Column.Time("closes_at", "closes"), Column.Of("violation"),
    ];

    public static Command Make(Surroundings surroundings)
    {
        var command = new Command(
            "windows",
            "Lists task windows, newest first, or shows one: who approved it, every command in it, "
            + "and what was done outside.");
        var window = command.AddOptionalName("WINDOW", "the window to show");
        var task = command.AddText("--task", "TASK", "only windows of this task");
        var agent = command.AddText("--agent", "AGENT", "only windows of this agent");
        var openAt = command.AddText("--open-at", "TIME|now", "only windows that are open then");
        var at = command.AddMoment("one window as it was known then");
        var limit = command.AddLimit("windows, or commands in one");
        return command.Asks(surroundings, async asked =>
        {
            if (asked.Get(window) is { } one)
            {
                var shown = await asked.AskAsync(
                    "v1/window", ("window", one), ("limit", asked.LimitInOne(limit)), ("at", asked.Get(at)));
                asked.Output.PrintOne(shown, answer => Write(surroundings, answer));
                return;
            }

            var list = asked.ListAsync(
                asked.Get(limit), "v1/windows", ("task", asked.Get(task)), ("agent", asked.Get(agent)),
                ("open_at", asked.Get(openAt)));
            await asked.Output.PrintListAsync(list, Shown);
        });
    }

    private static string Until(JsonElement window) =>
        window.ClockAt(window.TextAt("ended_at") is null ? "closes_at" : "ended_at");

    private static void Write(Surroundings surroundings, JsonElement window)
    {
        var page = new TextPage(surroundings);
        page.Title($"window {window.Cell("window_id")}: {window.Cell("state")}");
        page.Line("task", window.Cell("task_id"));
        page.Line("agent", window.Cell("agent"));
        page.Line("scope", window.Cell("scope"));
        page.Line("reason", window.Cell("reason"));
        page.Line("from", window.ClockAt("opens_at"));
        page.Line("until", Until(window));
        page.Line("requested by", window.Cell("requested_by"));
        var forItself = window.Cell("self_granted") == "yes" ? ", for itself" : "";
        page.Line("approved by", window.Cell("approved_by") + forItself);
        page.Table("history", History, window.GetProperty("history"));
        page.Table("done in it, in order", CallColumns.All, window.GetProperty("done").GetProperty("items"));
        WriteList(page, "OUTSIDE of any window, by the same agent for the same task", window, "outside_window");
        WriteList(page, "OUT OF SCOPE", window, "out_of_scope");
    }

    private static void WriteList(TextPage page, string title, JsonElement window, string member)
    {
        if (window.TryGetProperty(member, out var list))
        {
            page.Table(title, CallColumns.All, list.GetProperty("items"));
        }
    }
}
