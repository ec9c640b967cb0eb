using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Npgsql;

namespace Audit.Hammer.Clusters;

/// <summary>Nodes of one cluster, each a process, on one PostgreSQL.</summary>
internal sealed class ClusterNodes : IAsyncDisposable
{
    private const int MostStarts = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryDirectory directory = new();
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly int[] ports;
    private readonly NodeProcess?[] nodes;
    private readonly bool[] isTaking;
    private ThrowawayCluster? database;

    private ClusterNodes(int count) =>
        (ports, nodes, isTaking) = (FreePorts.Of(count), new NodeProcess?[count], new bool[count]);

    public int Count => nodes.Length;

    public string Store { get; private set; } = "";

    public string Token => File.ReadAllText(Path.Combine(DataOf(0), "admin.token")).Trim();

    /// <summary>Where hosts may send: nodes that are up, and to which nothing is done.</summary>
    public IReadOnlyList<Uri> Urls =>
        [.. nodes.Zip(isTaking).Where(pair => pair.Second).Select(pair => pair.First!.Url)];

    public static async Task<ClusterNodes> StartAsync(int count)
    {
        var cluster = new ClusterNodes(count);
        await cluster.MakeStoreAsync();
        for (var node = 0; node < count; node++)
        {
            await cluster.StartNodeAsync(node);
        }

        cluster.http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", cluster.Token);
        await cluster.UntilWholeAsync();
        return cluster;
    }

    /// <summary>How many sessions the nodes have in the database, of the hundred that it may have by default.</summary>
    public async Task<long> CountSessionsAsync()
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Store["postgres:".Length..]) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'audit' AND pid <> pg_backend_pid()", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public string FileOf(string name) => directory.File(name);

    public NodeProcess this[int node] => nodes[node]!;

    /// <summary>A node that the others put down at its start is started anew, as whoever runs nodes does.</summary>
    public async Task StartNodeAsync(int node)
    {
        for (var attempt = 1; nodes[node] is null; attempt++)
        {
            try
            {
                nodes[node] = await LaunchAsync(node);
            }
            catch (InvalidOperationException) when (attempt < MostStarts)
            {
            }
        }

        isTaking[node] = true;
    }

    /// <summary>Hosts go elsewhere from now on.</summary>
    public void Spare(int node) => isTaking[node] = false;

    public async Task KillAsync(int node)
    {
        Spare(node);
        await EndAsync(node);
    }

    /// <returns>Its exit code.</returns>
    public async Task<int> LeaveAsync(int node)
    {
        Spare(node);
        var code = await nodes[node]!.TerminateAsync();
        await EndAsync(node);
        return code;
    }

    /// <summary>A node that was put down meanwhile has ended, and is started anew.</summary>
    public async Task<bool> ComeBackAsync(int node)
    {
        nodes[node]!.Continue();
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < Patience; await Task.Delay(100))
        {
            if (!IsRunning(nodes[node]!.Id))
            {
                await EndAsync(node);
                await StartNodeAsync(node);
                await UntilWholeAsync();
                return true;
            }

            if (await IsWholeAsync())
            {
                isTaking[node] = true;
                return false;
            }
        }

        throw new InvalidOperationException("a node that was paused neither comes back nor ends");
    }

    /// <summary>Waits until each node sees all as up.</summary>
    public async Task UntilWholeAsync()
    {
        for (var clock = Stopwatch.StartNew(); !await IsWholeAsync(); await Task.Delay(100))
        {
            if (clock.Elapsed > Patience)
            {
                throw new InvalidOperationException("the cluster does not become whole again");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes.OfType<NodeProcess>())
        {
            await node.DisposeAsync();
        }

        http.Dispose();
        await (database?.DisposeAsync() ?? default);
        directory.Dispose();
    }

    private Task<NodeProcess> LaunchAsync(int node) => NodeProcess.StartAsync(
        Path.Combine(AppContext.BaseDirectory, "audit.dll"), DataOf(node),
        [
            "--engine", "akka", "--store", Store, "--row-key", directory.File("row.key"),
            "--urls", "http://127.0.0.1:0",
        ],
        new Dictionary<string, string>
        {
            ["AUDIT_AKKA_PORT"] = $"{ports[node]}",
            ["AUDIT_AKKA_SEEDS"] = string.Join(',', ports.Select(port => $"127.0.0.1:{port}")),
        });

    private async Task MakeStoreAsync()
    {
        database = await PostgresServer.StartOwnAsync();
        await PostgresServer.ExecuteAsync(database.ConnectionString, "CREATE DATABASE audit");
        Store = "postgres:"
            + new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "audit" }.ConnectionString;
    }

    private string DataOf(int node) => directory.File($"data-{node}");

    private async Task EndAsync(int node)
    {
        await nodes[node]!.DisposeAsync();
        nodes[node] = null;
    }

    private async Task<bool> IsWholeAsync()
    {
        try
        {
            foreach (var node in nodes)
            {
                using var stats = JsonDocument.Parse(await http.GetStringAsync(new Uri(node!.Url, "/v1/stats")));
                var members = stats.RootElement.GetProperty("cluster").GetProperty("members").EnumerateArray()
                    .Count(member => member.GetProperty("status").GetString() == "up"
                        && member.GetProperty("reachable").GetBoolean());
                if (members != nodes.Length)
                {
                    return false;
                }
            }

            return true;
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (Exception failure) when (failure is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }
}
