using System.Globalization;
using System.Text.Json;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Demo;

/// <summary>One tool call of the story, which says what happens to it moment by moment.</summary>
internal sealed class DemoCall(DemoScene scene, string id, string tool, object input, string tier)
{
    private readonly string display = string.Concat(tool[..1].ToUpperInvariant(), tool.AsSpan(1)).Replace('.', ' ');

    public DemoCall Requested(DateTimeOffset at) => Say(at, new { kind = "requested" });

    public DemoCall Asks(DateTimeOffset at, string description) =>
        Say(at, new { kind = "requires_confirmation", description, listen_context = (object?)null });

    public DemoCall Approved(DateTimeOffset at, string by, string? feedback = null) =>
        Say(at, new { kind = "approved", decision = "approve-once", by, source = "human_response", feedback });

    public DemoCall Refused(DateTimeOffset at, string by, string reason) =>
        Say(at, new { kind = "blocked", reason, decision = "reject", by, source = "human_response" });

    public DemoCall Blocked(DateTimeOffset at, string reason) =>
        Say(at, new { kind = "blocked", reason, decision = "denied-by-rules", source = "host_policy" });

    public DemoCall Started(DateTimeOffset at) => Say(at, new { kind = "started" });

    public DemoCall Completed(DateTimeOffset at, string output, int milliseconds = 120, bool success = true) =>
        Say(at, new { kind = "completed", result = Result(output, milliseconds, success) });

    public DemoCall Cached(DateTimeOffset at, string output) => Say(at, new { kind = "cached", result = Result(output, 1, true) });

    public DemoCall Replayed(DateTimeOffset at, string output) => Say(at, new { kind = "replayed", result = Result(output, 1, true) });

    public DemoCall Cancelled(DateTimeOffset at, string reason) => Say(at, new { kind = "cancelled", reason, by = scene.Agent });

    public DemoCall NotPersisted(DateTimeOffset at, string output, string error) =>
        Say(at, new { kind = "persistence_failed", result = Result(output, 40, true), error });

    private DemoCall Say(DateTimeOffset at, object outcome)
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
        new { success, output, data = (JsonElement?)null, duration_ms = milliseconds };
}
