namespace Audit.Client.Tests;

/// <summary>A stop at one node holds hosts of two kinds on two nodes, and lets them go when it is lifted.</summary>
[NeedsPostgres]
[NeedsProgram("python3")]
public sealed class StopTests
{
    [ContractFact]
    public async Task a_stop_holds_hosts_of_two_languages_on_two_nodes_with_their_next_tool()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        string[] store = ["--store", "postgres:" + database.ConnectionString];
        await using var first = await HostedNode.StartAsync("""{"preset":"approve-all"}""", store);
        await using var second = await first.StartBesideAsync(store);
        await using var dotnet = new Looping(
            first, "dotnet", "exec", BuiltProgram.Of("tests/Audit.Client.Contract", "Audit.Client.Contract.dll"));
        await using var python = new Looping(
            second, "python3", Path.Combine(BuiltProgram.Root, "tests/Audit.Client.Contract/contract.py"));
        Looping[] hosts = [dotnet, python];
        await Task.WhenAll(hosts.Select(host => host.UntilAsync(ran: 3)));

        var held = hosts.Select(host => host.UntilAsync(refused: 10)).ToList();
        var stop = await first.SendAsync(
            HttpMethod.Post, "v1/stops", first.PersonToken, new { all = true, reason = "an incident" });
        var before = hosts.Select(host => host.Tools).ToArray();
        await Task.WhenAll(held);

        // One may have been decided before, and begun after.
        Assert.All(hosts.Zip(before), pair => Assert.InRange(pair.First.Tools, pair.Second, pair.Second + 1));
        await second.SendAsync(
            HttpMethod.Post, $"v1/stops/{stop.GetProperty("id").GetString()}/lift", first.PersonToken, new { reason = "over" });
        await Task.WhenAll(hosts.Select(host => host.UntilAsync(ran: host.Ran + 3)));
    }

    /// <summary>A host that runs one tool after the other.</summary>
    private sealed class Looping : IAsyncDisposable
    {
        private readonly ClientProcess host;
        private readonly string session;
        private readonly string file;
        private int calls;
        private int refused;

        public Looping(HostedNode node, params string[] command)
        {
            (session, file) = (command[0], node.FileOf("ran"));
            host = ClientProcess.Start(command, node.FileOf("."), new Dictionary<string, string>
            {
                ["AUDIT_SERVER"] = node.Url.ToString(), ["AUDIT_TOKEN"] = node.HostToken,
            });
        }

        public int Ran { get; private set; }

        /// <summary>How many tools did something.</summary>
        public int Tools => File.ReadAllLines(file).Length;

        public async Task UntilAsync(int ran = 0, int refused = 0)
        {
            while (Ran < ran || this.refused < refused)
            {
                var call = $"c-{calls++}";
                var answer = await host.AskAsync(new
                {
                    @do = "run", session_id = session, tool_call_id = call, tool_name = "append", turn = 1,
                    permission = new { kind = "write" }, append = file, text = call,
                });
                Assert.True(answer.GetProperty("ok").GetBoolean(), $"{answer}");
                _ = answer.GetProperty("ran").GetBoolean() ? ++Ran : ++this.refused;
            }
        }

        public ValueTask DisposeAsync() => host.DisposeAsync();
    }
}
