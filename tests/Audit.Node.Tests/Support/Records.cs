using System.Text.Json;

namespace Audit.Node.Tests.Support;

/// <summary>Records as a host would write them.</summary>
internal static class Records
{
    /// <summary>An item: a record in its envelope.</summary>
    public static string Item(
        string session, string call, string outcome, string at = "2025-01-02T03:04:05Z", string? task = null, string? agent = null,
        string tool = "bash", string tier = "Observe", string? parent = null) =>
        $$$"""{"session_id":{{{Text(session)}}},"task_id":{{{Text(task)}}},"agent":{{{Text(agent)}}},"parent":{{{Text(parent)}}},"record":{{{Record(call, outcome, at, tool, tier)}}}}""";

    public static string Record(
        string call, string outcome, string at = "2025-01-02T03:04:05Z", string tool = "bash", string tier = "Observe") =>
        $$$"""{"tool_call_id":{{{Text(call)}}},"tool_name":{{{Text(tool)}}},"display_name":"Tool","tier":"{{{tier}}}","requested_input":{"a":1},"effective_input":{"a":1},"turn":1,"provenance":null,"outcome":{{{outcome}}},"recorded_at":"{{{at}}}"}""";

    public static string Completed(bool success = true, string output = "done") =>
        $$$"""{"kind":"completed","result":{"success":{{{(success ? "true" : "false")}}},"output":{{{Text(output)}}},"data":null,"duration_ms":5}}""";

    public static string Blocked(string reason = "not allowed") => $$$"""{"kind":"blocked","reason":{{{Text(reason)}}}}""";

    public static string Asked(string description = "May I?") =>
        $$$"""{"kind":"requires_confirmation","description":{{{Text(description)}}},"listen_context":null}""";

    /// <summary>An item of about so many bytes.</summary>
    public static string OfSize(string session, string call, int bytes) =>
        Item(session, call, Completed(output: new string('x', Math.Max(1, bytes - Item(session, call, Completed(output: "")).Length))));

    public static string Lines(params IEnumerable<string> items) => string.Concat(items.Select(item => item + "\n"));

    private static string Text(string? text) => JsonSerializer.Serialize(text);
}
