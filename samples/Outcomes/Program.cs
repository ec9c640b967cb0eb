using System.Text.Json;
using Audit.Client;

// A host that comes into every situation a tool call can end in, each by what it does, and not by saying so.
await using var audit = new AuditClient(new AuditClientOptions
{
    Server = new Uri(Environment.GetEnvironmentVariable("AUDIT_SERVER") ?? "http://127.0.0.1:5080"),
    Token = Environment.GetEnvironmentVariable("AUDIT_TOKEN") ?? File.ReadAllText("audit-data/host.token").Trim(),
});
var session = Environment.GetEnvironmentVariable("AUDIT_SESSION") ?? $"outcomes-{Guid.NewGuid():N}";
var store = new ResultStore(Path.Combine(Directory.CreateTempSubdirectory("outcomes-").FullName, "results"));
var host = new Host(audit, store);
try
{
    await ShowAsync(Call("completed", "read_file", "read", new { path = "/etc/hostname" }));
    // The agent was restarted in the middle of its turn and asks for the same call again.
    await ShowAsync(Call("completed", "read_file", "read", new { path = "/etc/hostname" }));
    await ShowAsync(Call("blocked", "bash", "shell", new { command = "rm -rf /" }));
    await ShowAsync(Call("confirmed", "send_mail", "write", new { to = "all@example.org" }));
    // What the person would confirm is shown for two seconds only, and nobody looks.
    await ShowAsync(Call("expired", "send_mail", "write", new { to = "all@example.org" }) with
    {
        ExpiresAt = DateTimeOffset.UtcNow.AddSeconds(2),
    });
    // A tool that runs elsewhere: whoever ran it hands its result in, and hands it in again after a lost answer.
    var handedOff = Call("external", "browse", "read", new { url = "https://example.org" });
    await host.HandOffAsync(handedOff);
    Console.WriteLine($"external: {await host.TakeResultAsync(handedOff, "a page")}");
    Console.WriteLine($"external: {await host.TakeResultAsync(handedOff, "a page")}");
    // Somebody removes the directory in which the host keeps results.
    store.Lose();
    await ShowAsync(Call("unkept", "read_file", "read", new { path = "/etc/hosts" }));
}
finally
{
    store.Lose();
}

AuditCall Call(string id, string tool, string kind, object input) => new()
{
    SessionId = session, ToolCallId = id, ToolName = tool, Turn = 1, PermissionKind = kind,
    Provider = "none", Model = "scripted", EffectiveInput = JsonSerializer.SerializeToElement(input),
};

async Task ShowAsync(AuditCall call) => Console.WriteLine($"{call.ToolCallId}: {await host.CallAsync(call)}");

/// <summary>Runs tools once: what has a result already is not run again.</summary>
internal sealed class Host(AuditClient audit, ResultStore store)
{
    public async Task<string> CallAsync(AuditCall call)
    {
        if (store.Find(call.ToolCallId) is { } kept)
        {
            await audit.RecordAsync(call, AuditOutcome.Cached(new AuditToolResult(true, kept)));
            return kept;
        }

        var run = await audit.RunAsync(call, _ => Task.FromResult(new AuditToolResult(true, $"{call.ToolName} ran")), TimeSpan.FromMinutes(5));
        return run.Ran ? await KeepAsync(call, run.Result) : run.Refusal;
    }

    /// <summary>Lets a call run elsewhere, if it may.</summary>
    public async Task HandOffAsync(AuditCall call)
    {
        if (!(await audit.DecideAsync(call)).IsApproved)
        {
            throw new InvalidOperationException("It may not run.");
        }

        await audit.RecordAsync(call, AuditOutcome.Started());
    }

    public async Task<string> TakeResultAsync(AuditCall call, string output)
    {
        if (store.Find(call.ToolCallId) is { } first)
        {
            await audit.RecordAsync(call, AuditOutcome.Replayed(new AuditToolResult(true, first)));
            return first;
        }

        var result = new AuditToolResult(true, output);
        await audit.RecordAsync(call, AuditOutcome.Completed(result));
        return await KeepAsync(call, result);
    }

    private async Task<string> KeepAsync(AuditCall call, AuditToolResult result)
    {
        try
        {
            store.Keep(call.ToolCallId, result.Output);
            return result.Output;
        }
        catch (IOException broken)
        {
            await audit.RecordAsync(call, AuditOutcome.PersistenceFailed(broken.Message, result));
            return $"{result.Output}, and was not kept";
        }
    }
}

/// <summary>The host's own store of results, a file each.</summary>
internal sealed class ResultStore(string path)
{
    private readonly DirectoryInfo directory = Directory.CreateDirectory(path);

    public string? Find(string call) =>
        new FileInfo(PathOf(call)) is { Exists: true } file ? File.ReadAllText(file.FullName) : null;

    public void Keep(string call, string output) => File.WriteAllText(PathOf(call), output);

    public void Lose()
    {
        if (directory.Parent is { Exists: true } parent)
        {
            parent.Delete(recursive: true);
        }
    }

    private string PathOf(string call) => Path.Combine(directory.FullName, call);
}
