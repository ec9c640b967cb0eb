using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Demo;

/// <summary>
/// An hour of three agents at a company that sells things: one changes the schema of the orders, one looks into an
/// incident, one writes documentation. And what was done last Tuesday.
/// </summary>
internal sealed class DemoStory
{
    private readonly List<DemoStep> steps = [];
    private readonly DateTimeOffset end;
    private readonly DemoCast cast;

    private DemoStory(DateTimeOffset end, DemoCast cast) => (this.end, this.cast) = (end, cast);

    /// <param name="end">When the hour is over.</param>
    public static IReadOnlyList<DemoStep> Ending(DateTimeOffset end, DemoCast cast)
    {
        var story = new DemoStory(end, cast);
        story.LastTuesday();
        story.Migration();
        story.Incident();
        story.Documentation();
        story.Waiting();
        if (cast.HasBystanders)
        {
            story.Bystanders();
        }

        return [.. story.steps.OrderBy(step => step.At)];
    }

    /// <summary>The Tuesday before today, at an hour.</summary>
    public static DateTimeOffset TuesdayBefore(DateTimeOffset day, int hour)
    {
        var back = ((int)day.DayOfWeek - (int)DayOfWeek.Tuesday + 7) % 7;
        return new DateTimeOffset(day.UtcDateTime.Date, TimeSpan.Zero).AddDays(back == 0 ? -7 : -back).AddHours(hour);
    }

    private DateTimeOffset At(double minute) => end.AddMinutes(minute - 60);

    private void LastTuesday()
    {
        var day = TuesdayBefore(end, cast.Hour);
        Window(cast.SupportWindow, cast.SupportTask, cast.Triager, ["sql.*"], "a customer cannot sign in", day, 30);
        Approve(cast.SupportWindow, day.AddMinutes(2));
        var scene = Scene(cast.OtherHost, cast.TuesdaySession, cast.SupportTask, cast.Triager);
        scene.Note(day.AddMinutes(3), "started");
        scene.Call("sql.query", Sql($"SELECT id, email, locked FROM {cast.People} WHERE id = {cast.Row}"))
            .Completed(day.AddMinutes(4), $"{cast.Row} | ada@example.com | true", 35);
        scene.Call("sql.execute", Sql($"UPDATE {cast.People} SET locked = false WHERE id = {cast.Row}"), "Confirm")
            .Requested(day.AddMinutes(6)).Asks(day.AddMinutes(6.1), $"Unlock the customer {cast.Row}?")
            .Approved(day.AddMinutes(8), cast.Approver, "the ticket says so").Started(day.AddMinutes(8.1))
            .Completed(day.AddMinutes(8.2), "UPDATE 1", 18);
        scene.Note(day.AddMinutes(12), "ended", new { reason = "resolved" });
        scene.Send();
        Act(cast.SupportWindow, "close", day.AddMinutes(13), cast.OtherHost, null);
    }

    private void Migration()
    {
        Window(
            cast.Window, cast.Task, cast.Migrator, ["sql.*", "shell"],
            $"add {cast.Table}.{cast.Column} for the tax report", At(1), 30);
        Approve(cast.Window, At(4));
        var scene = Scene(cast.Host, cast.Session, cast.Task, cast.Migrator, "openai", "gpt-5.2");
        scene.Note(At(4.5), "started", new { repository = "shop/backend" })
            .Note(At(4.6), "prompt", new { text = $"Add the {cast.Column} column to {cast.Table}" });
        scene.Call("sql.query", Sql($"SELECT count(*) FROM {cast.Table}")).Completed(At(5), "1284311", 410);
        scene.Call(
            "sql.query",
            Sql($"SELECT column_name FROM information_schema.columns WHERE table_name = '{cast.Table}'"))
            .Completed(At(5.5), "id, customer_id, total, created_at", 22);
        scene.NextTurn();
        scene.Call("sql.execute", Sql($"ALTER TABLE {cast.Table} ADD COLUMN {cast.Column} text"), "Confirm")
            .Requested(At(7)).Asks(
                At(7.05),
                $"Change the table {cast.Table}: ALTER TABLE {cast.Table} ADD COLUMN {cast.Column} text?")
            .Approved(At(9.5), cast.Approver, "reviewed with the data team").Started(At(9.6))
            .Completed(At(9.7), "ALTER TABLE", 5_400);
        scene.Call("sql.query", Sql($"SELECT count(*) FROM {cast.Table}")).Cached(At(10), "1284311");
        scene.NextTurn();
        var update = $"UPDATE {cast.Table} SET {cast.Column} = ";
        scene.Call("sql.execute", Sql($"{update}'eu' WHERE id = {cast.MainRow}"), "Confirm")
            .Requested(At(12)).Asks(At(12.05), $"Set the {cast.Column} of the order {cast.MainRow}?")
            .Approved(At(13), cast.Approver).Started(At(13.1)).Completed(At(13.2), "UPDATE 1", 12);
        var vacuum = new { command = $"psql {cast.Database} -c 'VACUUM ANALYZE {cast.Table}'", cwd = "/srv/shop" };
        scene.Call("shell", vacuum, "Confirm").Requested(At(15)).Asks(At(15.1), "Run psql?")
            .Refused(At(16), cast.Approver, "not in the middle of the day");
        scene.Call("sql.execute", Sql($"{update}'us' WHERE {cast.Column} IS NULL"), "Confirm")
            .Requested(At(18)).Asks(At(18.1), $"Set the {cast.Column} of 1 284 310 {cast.Table}?")
            .Approved(At(19), cast.Approver).Started(At(19.1))
            .Completed(At(21), "canceling statement due to lock timeout", 110_000, success: false);
        var files = new[] { $"db/0042_{cast.Table}_{cast.Column}.sql" };
        scene.Call("git.commit", new { message = $"{cast.Table}: {cast.Column}", files })
            .Completed(At(24), $"[main 5fe21c0] {cast.Table}: {cast.Column}", 60);
        // The window is over, and the agent goes on.
        scene.Call("sql.execute", Sql($"CREATE INDEX {cast.Table}_{cast.Column} ON {cast.Table} ({cast.Column})"))
            .Completed(At(37), "CREATE INDEX", 9_100);
        scene.Note(At(39), "ended", new { reason = "complete" });
        scene.Send(lost: 14);
    }

    private void Incident()
    {
        Window(
            cast.IncidentWindow, cast.IncidentTask, cast.Triager, ["sql.query", "logs.*", "read_file"],
            $"checkout answers 500 for some {cast.People}", At(14), 25);
        Approve(cast.IncidentWindow, At(15));
        var scene = Scene(cast.OtherHost, cast.IncidentSession, cast.IncidentTask, cast.Triager);
        scene.Note(At(15.2), "started");
        scene.Call("logs.search", new { service = "checkout", query = "status:500", minutes = 30 })
            .Completed(At(16), "214 lines, first 13:41:07", 890);
        scene.Call(
            "sql.query",
            Sql($"SELECT id, email, country FROM {cast.People} WHERE id IN ({cast.Row}, 2077, {cast.OtherRow})"))
            .Completed(At(18), "3 rows", 31);
        scene.Call("sql.query", Sql($"SELECT * FROM {cast.People} WHERE country IS NULL LIMIT 50"))
            .Completed(At(19), "50 rows", 74);
        scene.Call("read_file", new { path = "/etc/passwd" })
            .Blocked(At(21), "the path /etc/passwd is outside of the workspace");
        scene.Call("read_file", new { path = "/srv/checkout/config/tax.yaml" })
            .Completed(At(22), "eu: 0.21\nus: null", 9);
        scene.NextTurn();
        // A host that goes on after a refusal: the book keeps what it reports, and that it may not be.
        scene.Call("http.post", new { url = "https://checkout.internal/admin/flush", body = "{}" }, "Confirm")
            .Requested(At(24)).Asks(At(24.1), "Flush the cache of checkout?")
            .Refused(At(25), cast.Approver, "ask the checkout team first").Completed(At(26), "204", 88);
        scene.Call("sql.execute", Sql($"DELETE FROM {cast.Logins} WHERE customer_id = {cast.OtherRow}"), "Confirm")
            .Requested(At(28)).Asks(At(28.1), $"Sign the customer {cast.OtherRow} out?").Approved(At(29), cast.Approver)
            .Started(At(29.1)).NotPersisted(At(29.2), "DELETE 3", "the host's own database is read-only");
        scene.Call("logs.tail", new { service = "checkout" })
            .Requested(At(33)).Started(At(33.1)).Cancelled(At(34), "enough was seen");
        scene.Note(At(41), "idle");
        scene.Send();
        Window(
            cast.RepairWindow, cast.IncidentTask, cast.Triager, ["sql.execute"],
            $"repair the {cast.People} without a country", At(42), 20);
        Act(cast.RepairWindow, "deny", At(44), cast.Approver, "the data team does that tonight");
    }

    private void Documentation()
    {
        var scene = Scene(cast.Host, cast.WritingSession, null, cast.Writer, "anthropic", "claude-sonnet-4-5");
        scene.Note(At(2), "started");
        string[] pages =
            ["intro", "install", "orders", "customers", "checkout", "tax", "refunds", "webhooks", "limits", "errors"];
        for (var page = 0; page < pages.Length; page++)
        {
            var at = At(3 + page * 5);
            var path = $"docs/{pages[page]}.md";
            scene.Call("read_file", new { path }).Completed(at, $"# {pages[page]}", 4 + page);
            scene.Call("search", new { query = pages[page], scope = "docs" })
                .Cached(at.AddSeconds(20), $"{page + 2} hits");
            var write = scene.Call("write_file", new { path, text = $"# {pages[page]}\n\nRevised." }, "Confirm")
                .Requested(at.AddSeconds(50)).Asks(at.AddSeconds(51), $"Write {path}?")
                .Approved(at.AddSeconds(75), cast.Editor).Started(at.AddSeconds(76));
            if (page == 6)
            {
                write.Completed(at.AddSeconds(77), "the file is locked by another editor", 30, success: false);
            }
            else
            {
                write.Completed(at.AddSeconds(77), $"wrote {path}", 14);
            }

            scene.NextTurn();
        }

        scene.Call("search", new { query = "intro", scope = "docs" }).Replayed(At(54), "2 hits");
        scene.Send();
    }

    /// <summary>What somebody still has to decide.</summary>
    private void Waiting()
    {
        Window(
            cast.NextWindow, cast.Task, cast.Migrator, ["sql.execute"],
            $"drop the old column {cast.Table}.{cast.OldColumn}", At(56), 30);
        var scene = Scene(cast.Host, cast.NextSession, cast.Task, cast.Migrator, "openai", "gpt-5.2");
        scene.Note(At(57), "started");
        scene.Call("sql.query", Sql($"SELECT count(*) FROM {cast.Table} WHERE {cast.OldColumn} IS NOT NULL"))
            .Completed(At(57.5), "0", 200);
        scene.Call("sql.execute", Sql($"ALTER TABLE {cast.Table} DROP COLUMN {cast.OldColumn}"), "Confirm")
            .Requested(At(58)).Asks(At(58.1), $"Drop the column {cast.OldColumn} of the table {cast.Table}?");
        scene.Send();
    }

    /// <summary>What is near to the rest and is not it: other days, other times, other rows and tables.</summary>
    private void Bystanders()
    {
        var day = TuesdayBefore(end, cast.Hour);
        var update = $"UPDATE {cast.People} SET locked = true WHERE id = ";
        var scene = Scene(cast.Host, cast.BystanderSession, null, cast.Bystander);
        scene.Call("sql.execute", Sql(update + cast.Row)).Completed(day.AddDays(-1), "UPDATE 1");
        scene.Call("sql.execute", Sql(update + cast.OtherRow)).Completed(day.AddMinutes(20), "UPDATE 1");
        scene.Call("sql.query", Sql($"SELECT * FROM {cast.People} WHERE id = {cast.Row}"))
            .Completed(day.AddMinutes(40), "1 row");
        scene.Call("sql.execute", Sql(update + cast.Row)).Completed(day.AddDays(1).AddHours(-cast.Hour), "UPDATE 1");
        scene.Call("sql.query", Sql($"SELECT count(*) FROM {cast.People}")).Completed(At(3), "90412");
        scene.Call("sql.query", Sql($"SELECT email FROM {cast.People} LIMIT 5")).Completed(At(20), "5 rows");
        scene.Call("sql.query", Sql($"SELECT count(*) FROM {cast.Logins}")).Completed(At(21), "77");
        scene.Call("sql.query", Sql($"SELECT email FROM {cast.People} LIMIT 5")).Completed(At(45), "5 rows");
        scene.Call("sql.execute", Sql($"ALTER TABLE {cast.Logins} ADD COLUMN seen date"))
            .Completed(At(46), "ALTER TABLE");
        scene.Call("sql.query", Sql($"SELECT max(id) FROM {cast.Logins}")).Requested(At(59)).Started(At(59.1));
        scene.Send();
    }

    private DemoScene Scene(
        string host, string session, string? task, string agent, string provider = "anthropic",
        string model = "claude-opus-4-5") =>
        new(steps, host, session, task, agent, provider, model);

    private void Window(
        string id, string task, string agent, string[] scope, string reason, DateTimeOffset at, int minutes)
    {
        var duration = string.Create(CultureInfo.InvariantCulture, $"{minutes}m");
        var body = JsonSerializer.Serialize(new { alias = id, task_id = task, agent, scope, reason, duration });
        steps.Add(new DemoStep(at, agent == cast.Triager ? cast.OtherHost : cast.Host, "v1/windows", body));
    }

    private void Approve(string id, DateTimeOffset at) => Act(id, "approve", at, cast.Approver, null);

    private void Act(string id, string act, DateTimeOffset at, string who, string? reason) =>
        steps.Add(new DemoStep(at, who, $"v1/windows/{id}/{act}", JsonSerializer.Serialize(new { reason })));

    private object Sql(string sql) => new { database = cast.Database, sql };
}
