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
    private readonly string[] programs;
    private readonly SlowNetwork? network;
    private ThrowawayCluster? database;

    private ClusterNodes(int count, string program, SlowNetwork? network) =>
        (ports, nodes, isTaking, programs, this.network) = (
            FreePorts.Of(count), new NodeProcess?[count], new bool[count],
            [.. Enumerable.Repeat(program, count)], network);

    public int Count => nodes.Length;

    public string Store { get; private set; } = "";

    public string Token => File.ReadAllText(Path.Combine(DataOf(0), "admin.token")).Trim();

    /// <summary>Where hosts may send: nodes that are up, and to which nothing is done.</summary>
    public IReadOnlyList<Uri> Urls =>
        [.. nodes.Zip(isTaking).Where(pair => pair.Second).Select(pair => pair.First!.Url)];

    /// <param name="before">The directory of an earlier program, from which all of them are started at first.</param>
    /// <param name="network">Where each of them has a place of its own; null where all are on this machine's.</param>
    public static async Task<ClusterNodes> StartAsync(int count, string? before = null, SlowNetwork? network = null)
    {
        var cluster = new ClusterNodes(count, before ?? AppContext.BaseDirectory, network);
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

    /// <summary>Starts it from this program from now on.</summary>
    public void Upgrade(int node) => programs[node] = AppContext.BaseDirectory;

    /// <summary>How many rows each node has committed since its start; 0 of one that does not answer.</summary>
    public async Task<IReadOnlyList<long>> RowsAsync()
    {
        var rows = new List<long>();
        foreach (var node in nodes)
        {
            try
            {
                using var stats = JsonDocument.Parse(await http.GetStringAsync(new Uri(node!.Url, "/v1/stats")));
                rows.Add(stats.RootElement.GetProperty("engine").GetProperty("rows").GetInt64());
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                rows.Add(0);
            }
        }

        return rows;
    }

    /// <summary>What each node answers to who reads.</summary>
    public async Task<IReadOnlyList<int>> ReadAsync(string path)
    {
        var answers = new List<int>();
        foreach (var node in nodes)
        {
            using var answer = await http.GetAsync(new Uri(node!.Url, path));
            answers.Add((int)answer.StatusCode);
        }

        return answers;
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
        Path.Combine(programs[node], "audit.dll"), DataOf(node),
        [
            "--engine", "akka", "--store", Store, "--row-key", directory.File("row.key"),
            "--urls", $"http://{AddressOf(node)}:0",
            .. network is null ? (string[])[] : ["--insecure-http", "--insecure-remoting"],
        ],
        new Dictionary<string, string>
        {
            ["AUDIT_AKKA_HOST"] = AddressOf(node),
            ["AUDIT_AKKA_PORT"] = $"{ports[node]}",
            ["AUDIT_AKKA_SEEDS"] = string.Join(',', ports.Index().Select(one => $"{AddressOf(one.Index)}:{one.Item}")),
        },
        within: network?.Within(node));

    private async Task MakeStoreAsync()
    {
        database = await PostgresServer.StartOwnAsync(network is null ? null : [network.Here]);
        await PostgresServer.ExecuteAsync(database.ConnectionString, "CREATE DATABASE audit");
        var address = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "audit" };
        address.Host = network?.Here ?? address.Host;
        Store = "postgres:" + address.ConnectionString;
    }

    private string AddressOf(int node) => network?.There(node) ?? "127.0.0.1";

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
