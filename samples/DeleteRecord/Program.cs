using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Audit.Client;

// An operations assistant with one tool that destroys something. Every call of it is decided by the node before it runs;
// with --deny-tools the host refuses all of them itself. Either way the node has the whole story.
var denyTools = args.Contains("--deny-tools");
var prompt = Array.IndexOf(args, "--prompt") is >= 0 and var at && at + 1 < args.Length ? args[at + 1]
    : "Delete the customer record with ID 42 using the delete_record tool.";
await using var audit = new AuditClient(new AuditClientOptions
{
    Server = new Uri(Environment.GetEnvironmentVariable("AUDIT_SERVER") ?? "http://127.0.0.1:5080"),
    Token = Environment.GetEnvironmentVariable("AUDIT_TOKEN") ?? File.ReadAllText("audit-data/host.token").Trim(),
    OnTrouble = trouble => Console.Error.WriteLine(trouble.Sentence),
});
var session = Environment.GetEnvironmentVariable("AUDIT_SESSION") ?? $"delete-{Guid.NewGuid():N}";
var deleted = new List<int>();
var log = new List<object>();
var clock = Stopwatch.StartNew();

await LogAsync("SEND", prompt);
await LogAsync("TURN_START");
var reply = await AnswerAsync(prompt);
await LogAsync("TURN_END");
await LogAsync("SESSION_IDLE");

Console.WriteLine(reply);
Console.WriteLine($"deleted_records: [{string.Join(", ", deleted)}]");
Console.WriteLine("\n=== Audit Log ===");
Console.WriteLine(JsonSerializer.Serialize(
    log, new JsonSerializerOptions { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

// What a model would make of the prompt, which is not what this shows.
async Task<string> AnswerAsync(string text)
{
    if (!int.TryParse(Regex.Match(text, @"\d+").Value, out var record))
    {
        return "Which record is to be deleted? Name it by its number.";
    }

    var run = await DeleteAsync(new AuditCall
    {
        SessionId = session, ToolCallId = $"call-{record}", ToolName = "delete_record", Turn = 1, Tier = "Confirm",
        DisplayName = "Delete a record", PermissionKind = "custom-tool",
        Description = $"Permanently delete the customer record {record}?",
        EffectiveInput = JsonSerializer.SerializeToElement(new { record_id = record }),
    }, record);
    return run ?? $"Record {record} was not deleted.";
}

async Task<string?> DeleteAsync(AuditCall call, int record)
{
    await LogAsync("TOOL_START", call.ToolName);
    string? refusal;
    if (denyTools)
    {
        refusal = "Tool execution denied by audit policy";
        await audit.RecordAsync(call, AuditOutcome.Requested());
        await audit.RecordAsync(call, AuditOutcome.Blocked(refusal, by: "--deny-tools"));
    }
    else
    {
        var run = await audit.RunAsync(
            call,
            async _ =>
            {
                await LogAsync("PERMISSION_APPROVED", $"tool={call.ToolName}");
                deleted.Add(record);
                return new AuditToolResult(true, $"Record {record} permanently deleted.");
            },
            wait: TimeSpan.FromMinutes(5));
        if (run.Ran)
        {
            await LogAsync("TOOL_COMPLETE", "error=None");
            return run.Result.Output;
        }

        refusal = run.Refusal;
    }

    await LogAsync("PERMISSION_DENIED", $"tool={call.ToolName}");
    await LogAsync("TOOL_COMPLETE", $"error={refusal}");
    return $"The action was blocked by policy: {refusal}";
}

async Task LogAsync(string happened, string detail = "")
{
    log.Add(new { ts = Math.Round(clock.Elapsed.TotalSeconds, 3), @event = happened, detail });
    await audit.NoteAsync(session, happened.ToLowerInvariant(), JsonSerializer.SerializeToElement(new { detail }));
}
