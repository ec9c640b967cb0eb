using System.Text.Json;
using Audit.Client;

await using var audit = new AuditClient(new AuditClientOptions { Server = new Uri(args[0]), Token = args[1] });
var call = new AuditCall
{
    SessionId = "s-1", ToolCallId = "call-1", ToolName = "delete_record", PermissionKind = "write",
    EffectiveInput = JsonSerializer.SerializeToElement(new { record_id = 42 }),
};
var run = await audit.RunAsync(
    call, _ => Task.FromResult(new AuditToolResult(true, "Record 42 deleted.")), wait: TimeSpan.FromMinutes(5));
Console.WriteLine(run.Ran ? run.Result.Output : run.Refusal);
