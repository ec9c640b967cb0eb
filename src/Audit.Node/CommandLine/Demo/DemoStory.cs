using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Demo;

/// <summary>
/// An hour of three agents at a company that sells things: one changes the schema of the orders, one looks into an
/// incident, one writes documentation. And what was done last Tuesday.
/// </summary>
internal sealed class DemoStory
{
    public const string Host = "copilot-host-7";
    public const string OtherHost = "triage-host-2";
    public const string Approver = "maria";

    private readonly List<DemoStep> steps = [];
    private readonly DateTimeOffset end;

    private DemoStory(DateTimeOffset end) => this.end = end;

    /// <param name="end">When the hour is over.</param>
    public static IReadOnlyList<DemoStep> Ending(DateTimeOffset end)
    {
        var story = new DemoStory(end);
        story.LastTuesday();
        story.Migration();
        story.Incident();
        story.Documentation();
        story.Waiting();
        return [.. story.steps.OrderBy(step => step.At)];
    }

    /// <summary>The Tuesday before today, in the afternoon.</summary>
    public static DateTimeOffset TuesdayBefore(DateTimeOffset day)
    {
        var back = ((int)day.DayOfWeek - (int)DayOfWeek.Tuesday + 7) % 7;
        return new DateTimeOffset(day.UtcDateTime.Date, TimeSpan.Zero).AddDays(back == 0 ? -7 : -back).AddHours(14);
    }

    private DateTimeOffset At(double minute) => end.AddMinutes(minute - 60);

    private void LastTuesday()
    {
        var day = TuesdayBefore(end);
        Window("w-support-881", "support-ticket-881", "triage-bot", ["sql.*"], "a customer cannot sign in", day, 30);
        Approve("w-support-881", day.AddMinutes(2));
        var scene = Scene(OtherHost, "tues-support-881", "support-ticket-881", "triage-bot");
        scene.Note(day.AddMinutes(3), "started");
        scene.Call("sql.query", Sql("SELECT id, email, locked FROM customers WHERE id = 1042"))
            .Completed(day.AddMinutes(4), "1042 | ada@example.com | true", 35);
        scene.Call("sql.execute", Sql("UPDATE customers SET locked = false WHERE id = 1042"), "Confirm")
            .Requested(day.AddMinutes(6)).Asks(day.AddMinutes(6.1), "Unlock the customer 1042?")
            .Approved(day.AddMinutes(8), Approver, "the ticket says so").Started(day.AddMinutes(8.1))
            .Completed(day.AddMinutes(8.2), "UPDATE 1", 18);
        scene.Note(day.AddMinutes(12), "ended", new { reason = "resolved" });
        scene.Send();
        Act("w-support-881", "close", day.AddMinutes(13), OtherHost, null);
    }

    private void Migration()
    {
        Window(
            "w-orders-17", "migrate-orders", "copilot-agent", ["sql.*", "shell"],
            "add orders.region for the tax report", At(1), 30);
        Approve("w-orders-17", At(4));
        var scene = Scene(Host, "migr-orders-20a7", "migrate-orders", "copilot-agent", "openai", "gpt-5.2");
        scene.Note(At(4.5), "started", new { repository = "shop/backend" })
            .Note(At(4.6), "prompt", new { text = "Add the region column to orders" });
        scene.Call("sql.query", Sql("SELECT count(*) FROM orders")).Completed(At(5), "1284311", 410);
        scene.Call("sql.query", Sql("SELECT column_name FROM information_schema.columns WHERE table_name = 'orders'"))
            .Completed(At(5.5), "id, customer_id, total, created_at", 22);
        scene.NextTurn();
        scene.Call("sql.execute", Sql("ALTER TABLE orders ADD COLUMN region text"), "Confirm")
            .Requested(At(7)).Asks(At(7.05), "Change the table orders: ALTER TABLE orders ADD COLUMN region text?")
            .Approved(At(9.5), Approver, "reviewed with the data team").Started(At(9.6))
            .Completed(At(9.7), "ALTER TABLE", 5_400);
        scene.Call("sql.query", Sql("SELECT count(*) FROM orders")).Cached(At(10), "1284311");
        scene.NextTurn();
        scene.Call("sql.execute", Sql("UPDATE orders SET region = 'eu' WHERE id = 4711"), "Confirm")
            .Requested(At(12)).Asks(At(12.05), "Set the region of the order 4711?").Approved(At(13), Approver)
            .Started(At(13.1)).Completed(At(13.2), "UPDATE 1", 12);
        scene.Call("shell", new { command = "psql shop -c 'VACUUM ANALYZE orders'", cwd = "/srv/shop" }, "Confirm")
            .Requested(At(15)).Asks(At(15.1), "Run psql?").Refused(At(16), Approver, "not in the middle of the day");
        scene.Call("sql.execute", Sql("UPDATE orders SET region = 'us' WHERE region IS NULL"), "Confirm")
            .Requested(At(18)).Asks(At(18.1), "Set the region of 1 284 310 orders?").Approved(At(19), Approver)
            .Started(At(19.1)).Completed(At(21), "canceling statement due to lock timeout", 110_000, success: false);
        scene.Call("git.commit", new { message = "orders: region", files = new[] { "db/0042_orders_region.sql" } })
            .Completed(At(24), "[main 5fe21c0] orders: region", 60);
        // The window is over, and the agent goes on.
        scene.Call("sql.execute", Sql("CREATE INDEX orders_region ON orders (region)"))
            .Completed(At(37), "CREATE INDEX", 9_100);
        scene.Note(At(39), "ended", new { reason = "complete" });
        scene.Send(lost: 14);
    }

    private void Incident()
    {
        Window(
            "w-incident-442", "incident-442", "triage-bot", ["sql.query", "logs.*", "read_file"],
            "checkout answers 500 for some customers", At(14), 25);
        Approve("w-incident-442", At(15));
        var scene = Scene(OtherHost, "trig-442-91bc", "incident-442", "triage-bot");
        scene.Note(At(15.2), "started");
        scene.Call("logs.search", new { service = "checkout", query = "status:500", minutes = 30 })
            .Completed(At(16), "214 lines, first 13:41:07", 890);
        scene.Call("sql.query", Sql("SELECT id, email, country FROM customers WHERE id IN (1042, 2077, 5310)"))
            .Completed(At(18), "3 rows", 31);
        scene.Call("sql.query", Sql("SELECT * FROM customers WHERE country IS NULL LIMIT 50"))
            .Completed(At(19), "50 rows", 74);
        scene.Call("read_file", new { path = "/etc/passwd" })
            .Blocked(At(21), "the path /etc/passwd is outside of the workspace");
        scene.Call("read_file", new { path = "/srv/checkout/config/tax.yaml" })
            .Completed(At(22), "eu: 0.21\nus: null", 9);
        scene.NextTurn();
        // A host that goes on after a refusal: the book keeps what it reports, and that it may not be.
        scene.Call("http.post", new { url = "https://checkout.internal/admin/flush", body = "{}" }, "Confirm")
            .Requested(At(24)).Asks(At(24.1), "Flush the cache of checkout?")
            .Refused(At(25), Approver, "ask the checkout team first").Completed(At(26), "204", 88);
        scene.Call("sql.execute", Sql("DELETE FROM sessions WHERE customer_id = 5310"), "Confirm")
            .Requested(At(28)).Asks(At(28.1), "Sign the customer 5310 out?").Approved(At(29), Approver)
            .Started(At(29.1)).NotPersisted(At(29.2), "DELETE 3", "the host's own database is read-only");
        scene.Call("logs.tail", new { service = "checkout" })
            .Requested(At(33)).Started(At(33.1)).Cancelled(At(34), "enough was seen");
        scene.Note(At(41), "idle");
        scene.Send();
        Window(
            "w-incident-442b", "incident-442", "triage-bot", ["sql.execute"], "repair the customers without a country",
            At(42), 20);
        Act("w-incident-442b", "deny", At(44), Approver, "the data team does that tonight");
    }

    private void Documentation()
    {
        var scene = Scene(Host, "docs-weekly-55c0", null, "docs-agent", "anthropic", "claude-sonnet-4-5");
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
                .Approved(at.AddSeconds(75), "sam").Started(at.AddSeconds(76));
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
            "w-orders-18", "migrate-orders", "copilot-agent", ["sql.execute"], "drop the old column orders.area",
            At(56), 30);
        var scene = Scene(Host, "migr-orders-20b1", "migrate-orders", "copilot-agent", "openai", "gpt-5.2");
        scene.Note(At(57), "started");
        scene.Call("sql.query", Sql("SELECT count(*) FROM orders WHERE area IS NOT NULL"))
            .Completed(At(57.5), "0", 200);
        scene.Call("sql.execute", Sql("ALTER TABLE orders DROP COLUMN area"), "Confirm")
            .Requested(At(58)).Asks(At(58.1), "Drop the column area of the table orders?");
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
        steps.Add(new DemoStep(at, agent == "triage-bot" ? OtherHost : Host, "v1/windows", body));
    }

    private void Approve(string id, DateTimeOffset at) => Act(id, "approve", at, Approver, null);

    private void Act(string id, string act, DateTimeOffset at, string who, string? reason) =>
        steps.Add(new DemoStep(at, who, $"v1/windows/{id}/{act}", JsonSerializer.Serialize(new { reason })));

    private static object Sql(string sql) => new { database = "shop", sql };
}
