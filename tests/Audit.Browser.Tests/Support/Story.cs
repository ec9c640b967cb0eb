using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Audit.Browser.Tests.Support;

/// <summary>Reports to a node what happened: a migration in its window, and around it much of what an auditor looks for.</summary>
internal sealed class Story(HttpClient host, StoryClock clock)
{
    private readonly DateTimeOffset now = DateTimeOffset.UtcNow;
    private readonly List<(double MinutesAgo, Func<Task> Act)> acts = [];

    public const string Session = "orders-migration-7f31";
    public const string Task = "migrate-orders";
    public const string WindowId = "w-orders-2";
    public const string Agent = "copilot-agent";

    private static readonly string[] Tables = ["orders", "order_lines", "shipments", "invoices", "customers"];

    /// <summary>A call that waits for somebody.</summary>
    public const string Waiting = "call-drop";

    public const string Blocked = "call-refused";

    /// <param name="approver">Somebody else than who asked for the window.</param>
    public async Task PlayAsync(HttpClient approver)
    {
        Window(approver);
        Migration();
        Trouble();
        OtherSessions();
        foreach (var (minutesAgo, act) in acts.OrderByDescending(one => one.MinutesAgo))
        {
            clock.StandAt(now.AddMinutes(-minutesAgo));
            await act();
        }

        clock.GoOn();
    }

    public Task ReportAsync(
        string session, string call, double minutesAgo, JsonNode outcome, string tool = "sql.query", object? input = null, object? effective = null,
        string? task = Task, string agent = Agent, string tier = "Observe", int turn = 1) => SendAsync(new
        {
            session_id = session,
            task_id = task,
            agent,
            record = new
            {
                tool_call_id = call,
                tool_name = tool,
                display_name = tool,
                tier,
                requested_input = input ?? new { },
                effective_input = effective ?? input ?? new { },
                turn,
                provenance = new { provider = "anthropic", model = "claude-sonnet-4-5" },
                outcome,
                recorded_at = Ago(minutesAgo),
            },
        });

    public static JsonNode Done(string output = "ok", long took = 1200, bool success = true) =>
        JsonSerializer.SerializeToNode(new { kind = "completed", result = new { success, output, data = (object?)null, duration_ms = took } })!;

    public static JsonNode Kind(string kind) => JsonSerializer.SerializeToNode(new { kind })!;

    public static JsonNode Asked(string description) =>
        JsonSerializer.SerializeToNode(new { kind = "requires_confirmation", description, listen_context = (object?)null })!;

    public static JsonNode Approved(string by) =>
        JsonSerializer.SerializeToNode(new { kind = "approved", decision = "approve-once", by, source = "human_response" })!;

    public static JsonNode Refused(string reason, string by) =>
        JsonSerializer.SerializeToNode(new { kind = "blocked", reason, decision = "denied-interactively-by-user", by, source = "human_response" })!;

    private static JsonNode Result(string kind, string output) =>
        JsonSerializer.SerializeToNode(new { kind, result = new { success = true, output, data = (object?)null, duration_ms = 2 } })!;

    private string Ago(double minutes) => now.AddMinutes(-minutes).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'");

    private void Window(HttpClient approver)
    {
        acts.Add((58.5, () => PostAsync(host, "/v1/windows", new
        {
            alias = WindowId, task_id = Task, agent = Agent, scope = new[] { "sql.*", "fs.read" },
            reason = "Move the order tables to the new schema, change CR-2291", opens_at = Ago(58), closes_at = Ago(-25),
        })));
        acts.Add((58, () => PostAsync(approver, $"/v1/windows/{WindowId}/approve", new { reason = "agreed in the change meeting" })));
        acts.Add((6, () => PostAsync(host, "/v1/windows", new
        {
            alias = "w-reindex", task_id = "reindex-search", agent = "indexer", scope = new[] { "search.*" },
            reason = "Rebuild the search index after the migration", duration = "2h",
        })));
    }

    private void Migration()
    {
        var minute = 55.0;
        for (var index = 0; index < Tables.Length * 4; index++)
        {
            var table = Tables[index % Tables.Length];
            var call = $"call-{index + 1:00}";
            object input = (index / Tables.Length) switch
            {
                0 => new { sql = $"SELECT count(*) FROM {table}" },
                1 => new { sql = $"CREATE TABLE {table}_v2 (LIKE {table} INCLUDING ALL)" },
                2 => new { sql = $"INSERT INTO {table}_v2 SELECT * FROM {table}" },
                _ => new { sql = $"ALTER TABLE {table} RENAME TO {table}_old", timeout_s = 30 },
            };
            var confirms = index / Tables.Length is 1 or 3;
            Say(Session, call, minute, Kind("requested"), input: input, tier: confirms ? "Confirm" : "Observe", turn: index + 1);
            if (confirms)
            {
                Say(Session, call, minute - 0.1, Asked($"Change the table {table}?"), input: input, tier: "Confirm", turn: index + 1);
                Say(Session, call, minute - 0.6, Approved("kim"), input: input, tier: "Confirm", turn: index + 1);
            }

            var begun = minute - (confirms ? 0.7 : 0.1);
            var took = 4_000 + (index * 1931 % 45_000);
            if (index != 13)
            {
                Say(Session, call, begun, Kind("started"), input: input, tier: confirms ? "Confirm" : "Observe", turn: index + 1);
            }

            Say(
                Session, call, begun - (took / 60_000.0), index == 13 ? Result("cached", "841 rows") : Done($"{(index * 7919) % 90_000} rows", took), input: input,
                tier: confirms ? "Confirm" : "Observe", turn: index + 1);
            minute = begun - (took / 60_000.0) - 0.4;
        }
    }

    private void Trouble()
    {
        var secrets = new { command = "cat /etc/orders/secrets.env" };
        Say(Session, Blocked, 20, Kind("requested"), "bash", secrets, tier: "Confirm", turn: 30);
        Say(Session, Blocked, 19.9, Asked("Read a file with secrets?"), "bash", secrets, tier: "Confirm", turn: 30);
        Say(Session, Blocked, 19.2, Refused("secrets are not part of this change", "kim"), "bash", secrets, tier: "Confirm", turn: 30);
        Say(Session, Blocked, 19.1, Done("DB_PASSWORD=…", 30), "bash", secrets, tier: "Confirm", turn: 30);

        var export = new { sql = "SELECT email, address FROM customers", format = "csv" };
        var cut = new { sql = "SELECT email, address FROM customers LIMIT 100", format = "csv", redact = true };
        Say(Session, "call-export", 17, Asked("Export customers?"), "sql.export", export, tier: "Confirm", turn: 31);
        Say(Session, "call-export", 16.2, Approved("lee"), "sql.export", export, cut, tier: "Confirm", turn: 31);
        Say(Session, "call-export", 16.1, Done("100 rows, 4 columns", 3_100), "sql.export", export, cut, tier: "Confirm", turn: 31);
        Say(
            Session, "call-notes", 14, JsonSerializer.SerializeToNode(new
            {
                kind = "persistence_failed", error = "disk full: /var/lib/agent/session.db",
                result = new { success = true, output = "written", data = (object?)null, duration_ms = 12 },
            })!, "fs.write", new { path = "notes.md" }, turn: 32);
        Say(Session, "call-replayed", 12, Result("replayed", "3 files"), "fs.read", new { path = "schema/" }, turn: 33);
        Say(
            Session, "call-cancel", 11, JsonSerializer.SerializeToNode(new { kind = "cancelled", reason = "taking too long", by = "kim" })!, "sql.query",
            new { sql = "VACUUM FULL orders_old" }, turn: 34);
        Say(Session, "call-long", 3, Kind("started"), "sql.query", new { sql = "CREATE INDEX CONCURRENTLY ON orders_v2 (customer_id)" }, turn: 35);
        Say(
            Session, Waiting, 2, Asked("Drop the old table orders_old? 1.2 million rows."), "sql.execute", new { sql = "DROP TABLE orders_old" }, tier: "Confirm",
            turn: 36);
    }

    private void OtherSessions()
    {
        string[] agents = ["support-bot", "reviewer", "indexer", "release-bot"];
        string[] tools = ["http.get", "fs.read", "git.diff", "mail.send", "search.query"];
        for (var index = 0; index < 90; index++)
        {
            var agent = agents[index % agents.Length];
            var minutes = 70 + (index * 15.3 * (1 + (index % 3 * 0.2)));
            var outcome = (index % 13) switch { 4 => Refused("denied by rule 12", "policy"), 7 => Result("cached", "from cache"), _ => Done(took: 200 + (index * 97)) };
            Say(
                $"{agent}-{index / 8:00}", $"call-{index:000}", minutes, outcome, tools[index % tools.Length], new { target = $"item-{index}" },
                task: index % 9 == 2 ? Task : null, agent: agent);
        }
    }

    private void Say(
        string session, string call, double minutesAgo, JsonNode outcome, string tool = "sql.query", object? input = null, object? effective = null,
        string? task = Task, string agent = Agent, string tier = "Observe", int turn = 1) =>
        acts.Add((minutesAgo, () => ReportAsync(session, call, minutesAgo, outcome, tool, input, effective, task, agent, tier, turn)));

    private Task SendAsync(object item) => PostAsync(host, "/v1/records", item);

    private static async Task PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(path, body);
        Assert.True((int)answer.StatusCode is < 300 or 409, $"{path}: {await answer.Content.ReadAsStringAsync()}");
    }
}
