using System.Text.Json;

namespace Audit.CommandLine.Tests;

/// <summary>Records to send, in the shape that hosts send them.</summary>
internal static class Records
{
    public static string Bare(string call, string outcome, string recordedAt = "2026-11-20T14:03:00Z") =>
        $$"""
        {"tool_call_id":"{{call}}","tool_name":"read_file","display_name":"Read","tier":"Observe","requested_input":{"path":"/tmp/x"},"effective_input":{"path":"/tmp/x"},"turn":1,"provenance":{"provider":"anthropic","model":"m"},"outcome":{{outcome}},"recorded_at":"{{recordedAt}}"}
        """;

    public static string Requested(string call) => Bare(call, """{"kind":"requested"}""");

    public static string Blocked(string call) => Bare(call, """{"kind":"blocked","reason":"policy"}""");

    public static string Completed(string call) => Bare(
        call, """{"kind":"completed","result":{"success":true,"output":"ok","data":null,"duration_ms":1}}""", "2026-11-20T14:03:01Z");

    /// <summary>Two items for each of so many calls.</summary>
    public static IEnumerable<string> Items(string session, int calls) =>
        from call in Enumerable.Range(0, calls)
        from record in new[] { Requested($"call-{call}"), Completed($"call-{call}") }
        select $$"""{"session_id":"{{session}}","record":{{record}}}""";

    public static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(line => line + "\n"));

    public static IReadOnlyList<(long Index, string Status, long Position)> Receipts(CommandResult result) =>
        [.. result.OutLines.Select(Receipt)];

    public static (long Index, string Status, long Position) Receipt(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return (
            root.GetProperty("index").GetInt64(), root.GetProperty("status").GetString()!,
            root.TryGetProperty("position", out var position) ? position.GetInt64() : 0);
    }
}
