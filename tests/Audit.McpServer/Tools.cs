using System.ComponentModel;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Audit.McpServer;

/// <summary>A server made with the SDK, whose tools do what tools do.</summary>
internal static class Tools
{
    public static async Task<int> ServeAsync()
    {
        var options = new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "tools", Version = "1" },
            ToolCollection =
            [
                Make("echo", (string text) => text),
                Make("fail", string () => throw new McpException("the disk is full")),
                Make("walk", WalkAsync),
                Make("until", UntilAsync),
                Make("die", string () => throw Die()),
                Make("secret", () => Environment.GetEnvironmentVariable("AUDIT_TOKEN") ?? "none"),
            ],
        };
        await using var transport = new StdioServerTransport(options);
        await using var server = ModelContextProtocol.Server.McpServer.Create(transport, options);
        await server.RunAsync();
        return 7;
    }

    [Description("walks, and says how far it is")]
    private static async Task<string> WalkAsync(int steps, IProgress<ProgressNotificationValue> progress)
    {
        for (var step = 1; step <= steps; step++)
        {
            progress.Report(new ProgressNotificationValue { Progress = step, Total = steps, Message = $"step {step}" });
            await Task.Delay(20);
        }

        return "there";
    }

    private static async Task<string> UntilAsync(string file)
    {
        await File.WriteAllTextAsync(file + ".begun", "");
        while (!File.Exists(file))
        {
            await Task.Delay(20);
        }

        return "seen";
    }

    private static McpServerTool Make(string name, Delegate tool) =>
        McpServerTool.Create(tool, new McpServerToolCreateOptions { Name = name });

    private static InvalidOperationException Die()
    {
        Environment.Exit(9);
        return new InvalidOperationException();
    }
}
