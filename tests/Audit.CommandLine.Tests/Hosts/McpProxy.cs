using System.Collections;
using System.IO.Pipelines;
using System.Text;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Audit.CommandLine.Tests.Hosts;

/// <summary>`audit mcp` beside the tests, before a server that is a process.</summary>
internal sealed class McpProxy : IAsyncDisposable
{
    private readonly Pipe toProxy = new(), fromProxy = new();
    private readonly StringWriter noted = new() { NewLine = "\n" };
    private readonly CancellationTokenSource ending = new();
    private readonly Task<int> running;
    private readonly StreamReader said;

    public McpProxy(AskedNode node, IEnumerable<string> options, params string[] server)
    {
        var surroundings = new Surroundings(TextWriter.Null, TextWriter.Synchronized(noted))
        {
            Environment = new Hashtable(),
            OpenInput = () => toProxy.Reader.AsStream(),
            OpenOutput = () => fromProxy.Writer.AsStream(),
        };
        said = new StreamReader(fromProxy.Reader.AsStream(), Encoding.Latin1);
        running = Task.Run(() => AuditCommandLine.RunAsync(
            ["mcp", .. node.AsHost, .. options, "--", .. server], surroundings, ending.Token));
    }

    public static string ServerProgram =>
        AuditProgram.Location.Replace(Path.Combine("src", "Audit.Node"), Path.Combine("tests", "Audit.McpServer"))
            .Replace("audit.dll", "Audit.McpServer.dll");

    public static string[] Tools => ["dotnet", "exec", ServerProgram, "tools"];

    public static string[] Recording(string directory) => ["dotnet", "exec", ServerProgram, "record", directory];

    /// <summary>
    /// The SDK's client takes a server that has not answered within five seconds for an older one, and speaks to it in a
    /// way that it then refuses; on a machine that does much else a server takes longer to start.
    /// </summary>
    public static McpClientOptions Patient => new()
    {
        DiscoverProbeTimeout = TimeSpan.FromMinutes(2), InitializationTimeout = TimeSpan.FromMinutes(3),
    };

    public string Noted => noted.ToString();

    public Task<McpClient> ClientAsync() => McpClient.CreateAsync(
        new StreamClientTransport(toProxy.Writer.AsStream(), fromProxy.Reader.AsStream()), Patient);

    public async Task SayAsync(string bytes) => await toProxy.Writer.WriteAsync(Encoding.Latin1.GetBytes(bytes));

    /// <summary>What comes to the client, with every byte a letter.</summary>
    public async Task<string> HearAsync() => (await said.ReadLineAsync())!;

    /// <summary>Goes away as a client does, and waits for the exit code.</summary>
    public async Task<int> LeaveAsync()
    {
        await toProxy.Writer.CompleteAsync();
        return await running;
    }

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync();
        await toProxy.Writer.CompleteAsync();
        await running;
        ending.Dispose();
    }

    public static string TextOf(CallToolResult result) => Assert.IsType<TextContentBlock>(Assert.Single(result.Content)).Text;
}
