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
