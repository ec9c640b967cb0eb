using Audit.Client;
using Audit.Client.AI;
using Microsoft.Extensions.AI;

await using var audit = new AuditClient(new AuditClientOptions { Server = new Uri(args[0]), Token = args[1] });
var guard = new FunctionAudit(audit, "s-1")
{
    Wait = TimeSpan.FromMinutes(5),
    CallId = () => "call-1",
    Describe = call => call with { Agent = "writer", PermissionKind = "write" },
};
var delete = AIFunctionFactory.Create((int recordId) => $"Record {recordId} deleted.", "delete_record");
var options = new ChatOptions { Tools = guard.Guard([delete]) };

// Here a model would choose the tool and a chat client would call it.
Console.WriteLine(await ((AIFunction)options.Tools[0]).InvokeAsync(new() { ["recordId"] = 42 }));
