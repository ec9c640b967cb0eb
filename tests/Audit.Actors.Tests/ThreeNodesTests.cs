using System.Net.Http.Headers;
using System.Text.Json;

namespace Audit.Actors.Tests;

/// <summary>Three nodes in three processes on one PostgreSQL.</summary>
public sealed class ThreeNodesTests : IAsyncLifetime
{
    /// <summary>On a crowded machine a node that lives may be silent for long, and is not to be put down for it.</summary>
    private const string Hocon = "akka.cluster.failure-detector.acceptable-heartbeat-pause = 12s";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly TemporaryDirectory directory = new();
    private readonly List<NodeProcess> nodes = [];
    private PostgresDatabase? database;
    private int[] ports = [];

    private string Address => "postgres:" + database!.ConnectionString;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        if (database is not null)
        {
            await database.DisposeAsync();
        }

        directory.Dispose();
    }

    [PostgresFact]
    public async Task under_load_a_node_is_killed_and_comes_back_one_leaves_one_stands_still_and_nothing_is_lost_or_doubled()
    {
        await StartAsync(3);
        Assert.Equal(1, await CountSealingAsync());
        Assert.All(await Task.WhenAll(nodes.Select(MembersAsync)), members => Assert.Equal(["up", "up", "up"], members));
        var urls = nodes.Select(node => node.Url).ToArray();
        var hosts = Enumerable.Range(0, 6)
            .Select(number => new RecordHost($"h{number}", urls, number, nodes[0].Token)).ToArray();
        using var stop = new CancellationTokenSource();
        var posting = hosts.Select(host => Task.Run(() => host.PostAsync(stop.Token, Patience))).ToArray();

        await UntilAsync(() => hosts.Sum(host => Count(host)) > 600);
        // The oldest, which holds the coordinator of the shards.
        await nodes[0].KillAsync();
        var before = hosts.Sum(host => Count(host));
        await UntilAsync(() => hosts.Sum(host => Count(host)) > before + 1_000);
        nodes[0] = await StartNodeAsync(0);
        urls[0] = nodes[0].Url;
        Assert.Equal(0, await nodes[1].TerminateAsync());
        before = hosts.Sum(host => Count(host));
        await UntilAsync(() => hosts.Sum(host => Count(host)) > before + 600);
        // Not for long enough to be put down, but hosts have to wait.
        nodes[2].Pause();
        await Task.Delay(TimeSpan.FromSeconds(1));
        nodes[2].Continue();
        before = hosts.Sum(host => Count(host));
        await UntilAsync(() => hosts.Sum(host => Count(host)) > before + 600);
        await stop.CancelAsync();
        await Task.WhenAll(posting).WaitAsync(Patience);

        await using var store = await AuditStore.OpenAsync(
            Address, isNew => RowKeys.Open(directory.File("row.key"), isNew), CancellationToken.None);
        var rows = await store.Journal.ReadAfterAsync(0, int.MaxValue, long.MaxValue, CancellationToken.None);
        var calls = rows.Where(row => row.PersistenceId.StartsWith("call|", StringComparison.Ordinal)).ToArray();
        var written = calls.ToDictionary(row => (CallOf(row), MessageOf(row)), row => row.Position);
        foreach (var (record, position) in hosts.SelectMany(host => host.Acknowledged))
        {
            Assert.Equal(position, written[record]);
        }

        Assert.Equal(hosts.Sum(host => host.Acknowledged.Count), calls.Length);
        Assert.Equal(calls.Select(row => row.Position).Order(), calls.Select(row => row.Position));
        Array.ForEach(hosts, host => host.Dispose());
    }

    private static int Count(RecordHost host)
    {
        // Read while it grows: a look that comes a moment late is as good.
        return host.Acknowledged.Count;
    }

    private static string CallOf(JournalRow row) => row.PersistenceId.Split('|')[3];

    private static string MessageOf(JournalRow row)
    {
        using var message = JsonDocument.Parse(row.Message);
        return message.RootElement.GetProperty("message_id").GetString()!;
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            await Task.Delay(50, patience.Token);
        }
    }

    private async Task StartAsync(int count)
    {
        database = await PostgresServer.CreateDatabaseAsync();
        ports = FreePorts.Of(count);
        await File.WriteAllTextAsync(directory.File("patient.conf"), Hocon);
        for (var node = 0; node < count; node++)
        {
            nodes.Add(await StartNodeAsync(node));
        }
    }

    /// <summary>It is ready when the cluster has let it in.</summary>
    private Task<NodeProcess> StartNodeAsync(int node) => NodeProcess.StartAsync(
        Path.Combine(AppContext.BaseDirectory, "audit.dll"), directory.File($"node-{node}"),
        [
            "--engine", "akka", "--store", Address, "--row-key", directory.File("row.key"), "--urls", "http://127.0.0.1:0",
            "--hocon", directory.File("patient.conf"),
        ],
        new Dictionary<string, string>
        {
            ["AUDIT_AKKA_PORT"] = $"{ports[node]}",
            ["AUDIT_AKKA_SEEDS"] = string.Join(',', ports.Select(port => $"127.0.0.1:{port}")),
        });

    private async Task<int> CountSealingAsync()
    {
        var states = await Task.WhenAll(nodes.Select(async node =>
            (await StatsAsync(node)).GetProperty("log").GetProperty("sealing").GetProperty("state").GetString()));
        return states.Count(state => state == "sealing");
    }

    private async Task<string[]> MembersAsync(NodeProcess node) =>
        [.. (await StatsAsync(node)).GetProperty("cluster").GetProperty("members").EnumerateArray()
            .Select(member => member.GetProperty("status").GetString()!)];

    private async Task<JsonElement> StatsAsync(NodeProcess node)
    {
        using var client = new HttpClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", nodes[0].Token);
        using var stats = JsonDocument.Parse(await client.GetStringAsync(new Uri(node.Url, "/v1/stats")));
        return stats.RootElement.Clone();
    }
}
