using ModelContextProtocol.Client;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit mcp` before a server that nobody here wrote.</summary>
public sealed class McpEverythingTests
{
    [EverythingFact]
    public async Task the_server_of_the_protocol_itself_does_all_it_does_through_the_proxy()
    {
        await using var node = await AskedNode.StartAsync(
            """{"preset":"approve-all","rules":[{"name":"no sums","tool":"get-sum","then":"reject","feedback":"use your head"}]}""");
        await using var proxy = new McpProxy(node, [], "node", EverythingFactAttribute.Program!, "stdio");
        var client = await proxy.ClientAsync();

        var tools = (await client.ListToolsAsync()).Select(tool => tool.Name).ToArray();
        Assert.Contains("echo", tools);
        Assert.NotEmpty(await client.ListResourcesAsync());
        Assert.NotEmpty(await client.ListPromptsAsync());
        var echo = await client.CallToolAsync("echo", new Dictionary<string, object?> { ["message"] = "hello" });
        Assert.Equal("Echo: hello", McpProxy.TextOf(echo));
        var sum = await client.CallToolAsync("get-sum", new Dictionary<string, object?> { ["a"] = 1, ["b"] = 2 });
        Assert.True(sum.IsError);
        Assert.Contains("use your head", McpProxy.TextOf(sum), StringComparison.Ordinal);

        Assert.Equal(["requested", "requires_confirmation", "approved", "started", "completed"], await node.KindsAsync(5));
        Assert.Equal(["requested", "requires_confirmation", "blocked"], await node.KindsAsync(3, call: 1));
    }
}

/// <summary>A fact that needs the protocol's own server and Node.js, skipped with the reason where they are not.</summary>
internal sealed class EverythingFactAttribute : FactAttribute
{
    public EverythingFactAttribute() => Skip = Program is null
        ? "AUDIT_TEST_MCP names no @modelcontextprotocol/server-everything; .ci/run fetches it from npm"
        : null;

    public static string? Program => Environment.GetEnvironmentVariable("AUDIT_TEST_MCP");
}
