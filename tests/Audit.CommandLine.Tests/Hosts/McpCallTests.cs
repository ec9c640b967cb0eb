using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>Calls through `audit mcp`, made with the SDK's client before a server of the SDK.</summary>
public sealed class McpCallTests
{
    [Fact]
    public async Task the_whole_life_of_a_call_is_in_the_book()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using (var proxy = new McpProxy(node, ["--task", "t-1", "--agent", "a-1"], McpProxy.Tools))
        {
            var client = await proxy.ClientAsync();
            Assert.Contains("echo", (await client.ListToolsAsync()).Select(tool => tool.Name));
            Assert.Equal("hello", McpProxy.TextOf(await CallAsync(client, "echo", ("text", "hello"))));
            Assert.Equal("none", McpProxy.TextOf(await CallAsync(client, "secret")));
            await proxy.LeaveAsync();
        }

        Assert.Equal(["requested", "requires_confirmation", "approved", "started", "completed"], await node.KindsAsync(5));
        var events = await node.EventsAsync(5);
        var asked = events[1].GetProperty("record").GetProperty("outcome").GetProperty("permission");
        Assert.Equal(("mcp", "tools", 64), (asked.GetProperty("kind").GetString(), asked.GetProperty("serverName").GetString(), asked.GetProperty("definition").GetString()!.Length));
        Assert.Equal("""{"text":"hello"}""", events[3].GetProperty("record").GetProperty("effective_input").GetRawText());
        var result = events[4].GetProperty("record").GetProperty("outcome").GetProperty("result");
        Assert.Equal((true, "hello"), (result.GetProperty("success").GetBoolean(), result.GetProperty("output").GetString()));
        var call = (await node.CallsAsync())[0];
        Assert.Equal(("t-1", "a-1", "completed", 0), (call.GetProperty("task_id").GetString(), call.GetProperty("agent").GetString(), call.GetProperty("state").GetString(), call.GetProperty("anomalies").GetArrayLength()));
        Assert.Equal(["started", "ended"], [.. (await node.NotesAsync("started")).Concat(await node.NotesAsync("ended")).Select(note => note.GetProperty("type").GetString()!)]);
    }

    [Fact]
    public async Task a_refusal_is_a_result_that_the_client_understands_and_nothing_runs()
    {
        await using var node = await AskedNode.StartAsync(
            """{"preset":"approve-all","rules":[{"name":"no echo","tool":"echo","then":"reject","feedback":"speak for yourself"}]}""");
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var refused = await CallAsync(client, "echo", ("text", "hello"));

        Assert.True(refused.IsError);
        Assert.Equal("The tool did not run: speak for yourself (by policy, rule \"no echo\").", McpProxy.TextOf(refused));
        Assert.Equal(["requested", "requires_confirmation", "blocked"], await node.KindsAsync(3));
    }

    [Fact]
    public async Task what_fails_is_told_as_failed_and_passed_on()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var failed = await CallAsync(client, "fail");
        await Assert.ThrowsAsync<McpProtocolException>(() => CallAsync(client, "no-such-tool"));

        Assert.True(failed.IsError);
        Assert.EndsWith("the disk is full", McpProxy.TextOf(failed), StringComparison.Ordinal);
        foreach (var call in new[] { 0, 1 })
        {
            var last = (await node.EventsAsync(5, call))[4];
            Assert.Equal("completed", last.GetProperty("kind").GetString());
            Assert.False(last.GetProperty("record").GetProperty("outcome").GetProperty("result").GetProperty("success").GetBoolean());
        }
    }

    [Fact]
    public async Task progress_reaches_the_client_and_is_noted()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();
        var steps = new System.Collections.Concurrent.ConcurrentQueue<string?>();

        var result = await client.CallToolAsync(
            "walk", new Dictionary<string, object?> { ["steps"] = 3 }, new Heard(value => steps.Enqueue(value.Message)));

        Assert.Equal("there", McpProxy.TextOf(result));
        // The SDK's client hears them in any order.
        Assert.Equal(["step 1", "step 2", "step 3"], steps.Order());
        var detail = (await AskedNode.UntilAsync(async () => await node.NotesAsync("progress") is { Count: > 0 } notes ? notes : null))[0].GetProperty("detail");
        Assert.Equal("step 1", detail.GetProperty("message").GetString());
        Assert.Equal((await node.CallsAsync())[0].GetProperty("tool_call_id").GetString(), detail.GetProperty("tool_call_id").GetString());
    }

    [Fact]
    public async Task a_call_waits_for_a_person()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var waiting = CallAsync(client, "echo", ("text", "please"));
        await node.DecideAsync("approve-once");
        Assert.Equal("please", McpProxy.TextOf(await waiting));

        waiting = CallAsync(client, "echo", ("text", "again"));
        await node.DecideAsync("reject", of: 1);
        Assert.Contains("by maria", McpProxy.TextOf(await waiting), StringComparison.Ordinal);
        Assert.Equal("blocked", (await node.KindsAsync(3, call: 1))[2]);
    }

    [Fact]
    public async Task who_waits_in_vain_leaves_no_question_that_could_be_approved()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await using var proxy = new McpProxy(node, ["--wait", "1s"], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var result = await CallAsync(client, "echo", ("text", "please"));

        Assert.True(result.IsError);
        Assert.Contains("a person has to approve it, and nobody did within 1 s", McpProxy.TextOf(result), StringComparison.Ordinal);
        // By the proxy, or by the node, whose time is up at the same moment.
        Assert.Contains((await node.KindsAsync(3))[2], new[] { "cancelled", "invalidated" });
    }

    [Fact]
    public async Task a_stop_refuses_what_waits_and_what_comes()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Ask);
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var waiting = CallAsync(client, "echo", ("text", "please"));
        await node.KindsAsync(2);
        await node.StopAsync("an incident");

        Assert.Contains("an incident", McpProxy.TextOf(await waiting), StringComparison.Ordinal);
        Assert.Contains("an incident", McpProxy.TextOf(await CallAsync(client, "echo", ("text", "more"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_server_that_dies_leaves_calls_of_which_nobody_knows_and_its_exit_code()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var proxy = new McpProxy(node, [], McpProxy.Tools);
        var client = await proxy.ClientAsync();

        var answer = await CallAsync(client, "die");

        Assert.Contains("whether the tool ran to its end is not known", McpProxy.TextOf(answer), StringComparison.Ordinal);
        Assert.Equal("invalidated", (await node.KindsAsync(5))[4]);
        Assert.Equal(9, await proxy.LeaveAsync());
    }

    [UnixFact]
    public async Task without_a_node_nothing_runs_and_a_result_that_is_not_in_the_book_is_withheld()
    {
        var (node, process) = await AskedNode.StartProcessAsync(AskedNode.Approve);
        await using var _ = node;
        await using var proxy = new McpProxy(node, ["--patience", "1s"], McpProxy.Tools);
        var client = await proxy.ClientAsync();
        var file = node.PathOf("flag");

        var running = CallAsync(client, "until", ("file", file));
        await AskedNode.UntilAsync(() => Task.FromResult(File.Exists(file + ".begun")));
        await process.KillAsync();
        await File.WriteAllTextAsync(file, "");
        var withheld = await running;
        var refused = await CallAsync(client, "echo", ("text", "hello"));

        Assert.True(withheld.IsError);
        Assert.StartsWith("The tool ran, and its result is withheld", McpProxy.TextOf(withheld), StringComparison.Ordinal);
        Assert.True(refused.IsError);
        Assert.Contains("it could not be decided and written down", McpProxy.TextOf(refused), StringComparison.Ordinal);

        await node.RestartAsync();
        Assert.Equal(["completed", "persistence_failed"], (await node.KindsAsync(6))[4..]);
        Assert.Equal("cancelled", Assert.Single(await node.KindsAsync(1, call: 1)));
        Assert.Equal("hello", McpProxy.TextOf(await CallAsync(client, "echo", ("text", "hello"))));
    }

    [UnixFact]
    public async Task asked_to_end_it_ends_with_its_server_while_nobody_speaks()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        using var proxy = AuditProgram.Start(
            node.PathOf("."), ["mcp", .. node.AsHost, "--data", node.Data, "--", .. McpProxy.Tools]);
        try
        {
            await proxy.StandardInput.WriteLineAsync("""{"jsonrpc":"2.0","id":1,"method":"ping"}""");
            Assert.Contains("\"id\":1", await proxy.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
            Signals.Send("TERM", proxy.Id);

            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await proxy.WaitForExitAsync(patience.Token);
            Assert.Single(await node.NotesAsync("ended"));
        }
        finally
        {
            proxy.Kill();
        }
    }

    [Fact]
    public async Task it_is_a_server_to_the_client_of_the_sdk()
    {
        await using var node = await AskedNode.StartAsync(AskedNode.Approve);
        await using var client = await McpClient.CreateAsync(new StdioClientTransport(new StdioClientTransportOptions
        {
            Command = "dotnet",
            Arguments = ["exec", AuditProgram.Location, "mcp", .. node.AsHost, "--data", node.Data, "--session", "s-1", "--", .. McpProxy.Tools],
            EnvironmentVariables = new Dictionary<string, string?> { ["AUDIT_TOKEN"] = "aat_" + new string('A', 43) },
        }), McpProxy.Patient);

        Assert.Equal("none", McpProxy.TextOf(await CallAsync(client, "secret")));
        Assert.Equal("s-1", (await node.CallsAsync())[0].GetProperty("session_id").GetString());
    }

    private static async Task<CallToolResult> CallAsync(
        McpClient client, string tool, params (string Name, object? Value)[] arguments) =>
        await client.CallToolAsync(tool, arguments.ToDictionary(one => one.Name, one => one.Value));

    private sealed class Heard(Action<ProgressNotificationValue> hear) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => hear(value);
    }
}
