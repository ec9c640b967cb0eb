using System.Diagnostics;
using System.Net.Sockets;
using ModelContextProtocol.Client;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit mcp` before a server that nobody here wrote.</summary>
public sealed class McpEverythingTests
{
    private const string Rules =
        """{"preset":"approve-all","rules":[{"name":"no sums","tool":"get-sum","then":"reject","feedback":"use your head"}]}""";

    [EverythingFact]
    public async Task the_server_of_the_protocol_itself_does_all_it_does_through_the_proxy()
    {
        await using var node = await AskedNode.StartAsync(Rules);
        await using var proxy = new McpProxy(node, [], "node", EverythingFactAttribute.Program!, "stdio");
        await SpeakAsync(await proxy.ClientAsync(), node);
    }

    [EverythingFact]
    public async Task and_over_http()
    {
        var port = FreePort();
        var start = new ProcessStartInfo("node", [EverythingFactAttribute.Program!, "streamableHttp"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["PORT"] = $"{port}" },
        };
        using var server = Process.Start(start)!;
        try
        {
            server.OutputDataReceived += (_, _) => { };
            server.ErrorDataReceived += (_, _) => { };
            server.BeginOutputReadLine();
            server.BeginErrorReadLine();
            await AskedNode.UntilAsync(() => Task.FromResult(Answers(port)));
            await using var site = await Site.BeforeAsync($"http://127.0.0.1:{port}/mcp", Rules);
            await using var client = await McpClient.CreateAsync(new HttpClientTransport(
                new HttpClientTransportOptions { Endpoint = site.Url, TransportMode = HttpTransportMode.StreamableHttp }), McpProxy.Patient);
            await SpeakAsync(client, site.Node);
        }
        finally
        {
            server.Kill();
        }
    }

    private static async Task SpeakAsync(McpClient client, AskedNode node)
    {
        Assert.Contains("echo", (await client.ListToolsAsync()).Select(tool => tool.Name));
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

    private static bool Answers(int port)
    {
        try
        {
            using var connection = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
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
