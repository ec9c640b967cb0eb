namespace Audit.Node.CommandLine.Demo;

/// <summary>One session of one agent: its calls and notes, numbered by their host.</summary>
internal sealed class DemoScene(
    List<DemoStep> steps, string host, string session, string? task, string agent, string provider, string model)
{
    private static readonly JsonSerializerOptions WithoutNulls = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly List<(DateTimeOffset At, object? Record, object? Note)> items = [];
    private int calls;

    public string Agent => agent;

    public string Provider => provider;

    public string Model => model;

    public int Turn { get; private set; } = 1;

    public DemoScene NextTurn()
    {
        Turn++;
        return this;
    }

    public DemoCall Call(string tool, object input, string tier = "Observe") =>
        new(this, $"call_{session[..4]}_{++calls:000}", tool, input, tier);

    public DemoScene Note(DateTimeOffset at, string type, object? detail = null)
    {
        items.Add((at, null, new { type, at = at.UtcDateTime.ToString("O"), detail }));
        return this;
    }

    public void Add(DateTimeOffset at, object record) => items.Add((at, record, null));

    /// <summary>Sends all of it in the order of its times, as a host does that numbers what it sends.</summary>
    /// <param name="lost">The number of a message that never arrives; 0 for none.</param>
    public void Send(int lost = 0)
    {
        var seq = 0;
        foreach (var (at, record, note) in items.OrderBy(one => one.At))
        {
            if (++seq == lost)
            {
                continue;
            }

            var item = new { session_id = session, task_id = task, agent, seq, record, note };
            var body = JsonSerializer.Serialize(item, WithoutNulls);
            steps.Add(new DemoStep(at.AddMilliseconds(180), host, "v1/records", body));
        }
    }
}

/// <summary>One tool call of the story, to which something happens moment by moment.</summary>
internal sealed class DemoCall(DemoScene scene, string id, string tool, object input, string tier)
{
    private readonly string display =
        string.Concat(tool[..1].ToUpperInvariant(), tool.AsSpan(1)).Replace('.', ' ');

    public DemoCall Requested(DateTimeOffset at) => Add(at, new { kind = "requested" });

    public DemoCall Asks(DateTimeOffset at, string description) =>
        Add(at, new { kind = "requires_confirmation", description, listen_context = (object?)null });

    public DemoCall Approved(DateTimeOffset at, string by, string? feedback = null) =>
        Add(at, new { kind = "approved", decision = "approve-once", by, source = "human_response", feedback });

    public DemoCall Refused(DateTimeOffset at, string by, string reason) =>
        Add(at, new { kind = "blocked", reason, decision = "reject", by, source = "human_response" });

    public DemoCall Blocked(DateTimeOffset at, string reason) =>
        Add(at, new { kind = "blocked", reason, decision = "denied-by-rules", source = "host_policy" });

    public DemoCall Started(DateTimeOffset at) => Add(at, new { kind = "started" });

    public DemoCall Completed(DateTimeOffset at, string output, int milliseconds = 120, bool success = true) =>
        Add(at, new { kind = "completed", result = Result(output, milliseconds, success) });

    public DemoCall Cached(DateTimeOffset at, string output) =>
        Add(at, new { kind = "cached", result = Result(output, 1, true) });

    public DemoCall Replayed(DateTimeOffset at, string output) =>
        Add(at, new { kind = "replayed", result = Result(output, 1, true) });

    public DemoCall Cancelled(DateTimeOffset at, string reason) =>
        Add(at, new { kind = "cancelled", reason, by = scene.Agent });

    public DemoCall NotPersisted(DateTimeOffset at, string output, string error) =>
        Add(at, new { kind = "persistence_failed", result = Result(output, 40, true), error });

    private DemoCall Add(DateTimeOffset at, object outcome)
    {
        var record = new
        {
            tool_call_id = id,
            tool_name = tool,
            display_name = display,
            tier,
            requested_input = input,
            effective_input = input,
            turn = scene.Turn,
            provenance = new { provider = scene.Provider, model = scene.Model },
            outcome,
            recorded_at = at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        };
        scene.Add(at, record);
        return this;
    }

    private static object Result(string output, int milliseconds, bool success) =>
        new { success, output, data = (object?)null, duration_ms = milliseconds };
}

/// <summary>What somebody sends to the node at a moment of the story.</summary>
/// <param name="Who">The name of the token that it is sent with.</param>
internal sealed record DemoStep(DateTimeOffset At, string Who, string Path, string Body);

/// <summary>Whom and what the story is about: the same story with other names, ids and times for each seed.</summary>
internal sealed record DemoCast
{
    private static readonly string[] Nouns =
    [
        "parcels", "invoices", "patients", "flights", "permits", "recipes", "meters", "ledgers", "cargoes", "lessons",
        "tickets", "claims", "vessels", "orchards", "members", "payments",
    ];

    private static readonly string[] Names =
    [
        "dana", "ivo", "priya", "tomas", "noor", "kwame", "lena", "yuki", "amara", "piotr", "sofia", "bram",
    ];

    private static readonly string[] Words =
    [
        "alto", "brio", "cove", "dusk", "echo", "fern", "glen", "haze", "iris", "jade", "kelp", "lark", "moss", "nova",
        "opal", "pine", "reef", "sage", "tide", "wren",
    ];

    public string Host { get; private init; } = "copilot-host-7";

    public string OtherHost { get; private init; } = "triage-host-2";

    public string Approver { get; private init; } = "maria";

    public string Editor { get; private init; } = "sam";

    public string Migrator { get; private init; } = "copilot-agent";

    public string Triager { get; private init; } = "triage-bot";

    public string Writer { get; private init; } = "docs-agent";

    public string Bystander { get; private init; } = "";

    public string Database { get; private init; } = "shop";

    public string Table { get; private init; } = "orders";

    public string People { get; private init; } = "customers";

    public string Logins { get; private init; } = "sessions";

    public string Column { get; private init; } = "region";

    public string OldColumn { get; private init; } = "area";

    public int Row { get; private init; } = 1042;

    public int MainRow { get; private init; } = 4711;

    public int OtherRow { get; private init; } = 5310;

    /// <summary>Of last Tuesday.</summary>
    public int Hour { get; private init; } = 14;

    public string Task { get; private init; } = "migrate-orders";

    public string IncidentTask { get; private init; } = "incident-442";

    public string SupportTask { get; private init; } = "support-ticket-881";

    public string Window { get; private init; } = "w-orders-17";

    public string NextWindow { get; private init; } = "w-orders-18";

    public string IncidentWindow { get; private init; } = "w-incident-442";

    public string RepairWindow => IncidentWindow + "b";

    public string SupportWindow { get; private init; } = "w-support-881";

    public string Session { get; private init; } = "migr-orders-20a7";

    public string NextSession { get; private init; } = "migr-orders-20b1";

    public string IncidentSession { get; private init; } = "trig-442-91bc";

    public string TuesdaySession { get; private init; } = "tues-support-881";

    public string WritingSession { get; private init; } = "docs-weekly-55c0";

    public string BystanderSession { get; private init; } = "";

    /// <summary>Whether others do what is near to it; not in the story that the documents tell.</summary>
    public bool HasBystanders => Bystander.Length > 0;

    /// <param name="seed">0 for the story that the documents tell.</param>
    public static DemoCast Of(int seed)
    {
        if (seed == 0)
        {
            return new DemoCast();
        }

        var random = new Random(seed);
        var (nouns, names, words) = (Shuffled(Nouns, random), Shuffled(Names, random), Shuffled(Words, random));
        var (task, incident, ticket) = (random.Next(100, 999), random.Next(100, 999), random.Next(100, 999));
        return new DemoCast
        {
            Host = $"{words[0]}-host-{random.Next(10, 99)}", OtherHost = $"{words[1]}-host-{random.Next(10, 99)}",
            Approver = names[0], Editor = names[1], Migrator = $"{words[2]}-agent", Triager = $"{words[3]}-bot",
            Writer = $"{words[4]}-scribe", Bystander = $"{words[5]}-mule", Database = words[6], Table = nouns[0],
            People = nouns[1], Logins = nouns[2], Column = $"{words[7]}_code", OldColumn = $"{words[8]}_kind",
            Row = random.Next(1_000, 3_000), MainRow = random.Next(3_000, 6_000), OtherRow = random.Next(6_000, 9_000),
            Hour = random.Next(6, 20), Task = $"rework-{nouns[0]}-{task}", IncidentTask = $"outage-{incident}",
            SupportTask = $"ticket-{ticket}", Window = $"w-{nouns[0]}-{task}", NextWindow = $"w-{nouns[0]}-{task + 1}",
            IncidentWindow = $"w-outage-{incident}", SupportWindow = $"w-ticket-{ticket}",
            Session = $"{words[9]}-{nouns[0]}-1", NextSession = $"{words[10]}-{nouns[0]}-2",
            IncidentSession = $"{words[11]}-{incident}", TuesdaySession = $"{words[12]}-{ticket}",
            WritingSession = $"{words[13]}-pages", BystanderSession = $"{words[14]}-rounds",
        };
    }

    private static string[] Shuffled(string[] all, Random random)
    {
        var mine = all.ToArray();
        random.Shuffle(mine);
        return mine;
    }
}
