using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace Audit.Hammer.Nodes;

/// <summary>Started nodes on a store of their own, with wires between that can be cut.</summary>
internal sealed class Arena : IAsyncDisposable
{
    private readonly TemporaryDirectory directory = new();
    private readonly List<ArenaNode> nodes = [];
    private readonly List<NetworkNamespace> networks = [];
    private readonly Dictionary<string, string> tokens = [];
    private SmallDisk? disk;

    public IReadOnlyList<ArenaNode> Nodes => nodes;

    /// <summary>The PostgreSQL of this arena alone; null on SQLite.</summary>
    public ThrowawayCluster? Cluster { get; private set; }

    /// <summary>Between nodes and PostgreSQL, where a scenario cuts that.</summary>
    public CuttingWire? ToDatabase { get; private set; }

    /// <summary>Between hosts and the first node, where a scenario cuts that.</summary>
    public CuttingWire? ToNode { get; private set; }

    /// <summary>The store's address without anything between.</summary>
    public string Store { get; private set; } = "";

    public string Token => File.ReadAllText(Path.Combine(nodes[0].Data, "admin.token")).Trim();

    public string FileOf(string name) => directory.File(name);

    /// <summary>On the small disk of the store.</summary>
    public string Ballast => Path.Combine(disk!.Place, "ballast");

    /// <summary>Where hosts may send now.</summary>
    public IReadOnlyList<Uri> Urls => ToNode is { } wire
        ? [new Uri($"http://127.0.0.1:{wire.Port}")]
        : [.. nodes.Select(node => node.Url).OfType<Uri>()];

    public static async Task<Arena> StartAsync(string store, ArenaNeeds needs)
    {
        var arena = new Arena();
        try
        {
            await arena.OpenAsync(store, needs);
            return arena;
        }
        catch
        {
            await arena.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in nodes)
        {
            await node.DisposeAsync();
        }

        await (ToNode?.DisposeAsync() ?? default);
        await (ToDatabase?.DisposeAsync() ?? default);
        await (Cluster?.DisposeAsync() ?? default);
        networks.ForEach(network => network.Dispose());
        disk?.Dispose();
        directory.Dispose();
    }

    /// <summary>Speaks to the first node as its administrator.</summary>
    public HttpClient NewClient()
    {
        var http = new HttpClient { BaseAddress = nodes[0].Url };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        return http;
    }

    /// <returns>The token with which a source of its own reports.</returns>
    public async Task<string> SourceTokenAsync(string source)
    {
        if (!tokens.TryGetValue(source, out var token))
        {
            using var http = NewClient();
            using var answer = await http.PostAsync("/v1/tokens", new StringContent(
                $$"""{"name":"{{source}}","roles":["ingest"],"source":"{{source}}"}""", Encoding.UTF8,
                "application/json"));
            using var made = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            tokens[source] = token = made.RootElement.GetProperty("token").GetString()!;
        }

        return token;
    }

    /// <summary>Whether nothing waits for its seal; a node that is down seals nothing more.</summary>
    public async Task<bool> IsSealedAsync()
    {
        if (nodes[0].Url is null)
        {
            return true;
        }

        try
        {
            using var http = NewClient();
            using var answer = await http.GetAsync("/health/sealing");
            using var health = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
            return answer.IsSuccessStatusCode && health.RootElement.GetProperty("unsealed_seconds").GetDouble() == 0;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The product's own verification.</summary>
    public Task<(int Code, string Printed)> VerifyAsync() =>
        RunAsync("verify", "--data", nodes[0].Data, "--store", Store);

    /// <summary>A verb of the product, which finds the store of the nodes where it names none.</summary>
    public async Task<(int Code, string Printed)> RunAsync(params string[] arguments)
    {
        using var verb = NodeProcess.Start(
            Path.Combine(AppContext.BaseDirectory, "audit.dll"), nodes[0].Data, arguments,
            new Dictionary<string, string> { ["AUDIT__STORE"] = Store });
        var printed = verb.StandardOutput.ReadToEndAsync();
        var noted = await verb.StandardError.ReadToEndAsync();
        await verb.WaitForExitAsync();
        return (verb.ExitCode, $"{await printed} {noted}");
    }

    private async Task OpenAsync(string store, ArenaNeeds needs)
    {
        var given = Store = "sqlite:" + directory.File("data-0/journal.db");
        if (store == "postgres")
        {
            for (var number = 0; needs.Namespaces && number < needs.Nodes; number++)
            {
                networks.Add(NetworkNamespace.Make(number));
            }

            var place = needs.DiskMegabytes > 0 ? directory.File("small-disk") : null;
            if (place is not null)
            {
                Directory.CreateDirectory(place);
                disk = SmallDisk.Mount(place, needs.DiskMegabytes);
                // The server is another user, who must find his disk.
                _ = SmallDisk.Run("chmod", "a+x", directory.Path);
            }

            Cluster = await PostgresServer.StartOwnAsync(networks.Select(network => network.Here), place);
            await PostgresServer.ExecuteAsync(Cluster.ConnectionString, "CREATE DATABASE audit");
            var address = new NpgsqlConnectionStringBuilder(Cluster.ConnectionString) { Database = "audit" };
            given = Store = "postgres:" + address.ConnectionString;
            if (needs.WireToDatabase)
            {
                var (host, port) = (address.Host!, address.Port);
                ToDatabase = new CuttingWire(() => (host, port));
                address.Port = ToDatabase.Port;
                given = "postgres:" + address.ConnectionString;
            }
        }

        for (var number = 0; number < needs.Nodes; number++)
        {
            var data = directory.File($"data-{number}");
            Directory.CreateDirectory(data);
            if (number == 0 && needs.DiskMegabytes > 0 && disk is null)
            {
                disk = SmallDisk.Mount(data, needs.DiskMegabytes);
            }

            if (number > 0)
            {
                File.Copy(Path.Combine(nodes[0].Data, "admin.token"), Path.Combine(data, "admin.token"));
            }

            var network = needs.Namespaces ? networks[number] : null;
            var node = new ArenaNode(
                data, network is null ? given : given.Replace("127.0.0.1", network.Here, StringComparison.Ordinal),
                directory.File("data-0/row.key"), needs.Planted, network);
            nodes.Add(node);
            await node.StartAsync();
        }

        if (needs.WireToNode)
        {
            var node = nodes[0];
            ToNode = new CuttingWire(() => (node.Url!.Host, node.Url.Port));
        }
    }
}

/// <param name="Planted">A defect that the nodes are to have.</param>
/// <param name="DiskMegabytes">Of a disk that the store has for itself; 0 for none.</param>
/// <param name="Namespaces">Each node has a network of its own, as if it were a machine.</param>
internal sealed record ArenaNeeds(
    int Nodes = 1, bool WireToDatabase = false, bool WireToNode = false,
    Simulation.Defect Planted = Simulation.Defect.None, int DiskMegabytes = 0, bool Namespaces = false);

/// <summary>A node that is started again and again.</summary>
internal sealed class ArenaNode(
    string data, string store, string rowKey, Simulation.Defect planted = Simulation.Defect.None,
    NetworkNamespace? network = null) : IAsyncDisposable
{
    private const int MostStarts = 3;

    private readonly bool isPlanted = planted != Simulation.Defect.None;

    public string Data => data;

    public NetworkNamespace? Network => network;

    public NodeProcess? Process { get; private set; }

    /// <summary>Null while it is down.</summary>
    public Uri? Url { get; private set; }

    private string Program =>
        Path.Combine(AppContext.BaseDirectory, isPlanted ? "Audit.Hammer.dll" : "audit.dll");

    private string[] Options =>
    [
        .. network is null
            ? (string[])["--urls", "http://127.0.0.1:0"]
            : ["--urls", $"http://{network.There}:0", "--insecure-http"],
        "--store", store, "--row-key", rowKey, .. isPlanted ? (string[])["--planted", $"{planted}"] : [],
    ];

    /// <param name="until">What answers when it is ready.</param>
    public async Task StartAsync(string until = "/health/ready")
    {
        for (var attempt = 1; Url is null; attempt++)
        {
            try
            {
                Process = await NodeProcess.StartAsync(
                    Program, data, Options, until: isPlanted ? "/health/live" : until, within: network?.Within);
                Url = Process.Url;
            }
            catch (InvalidOperationException) when (attempt < MostStarts)
            {
                // A database that is just coming back lets a node wait, or end; whoever runs nodes starts it anew.
            }
        }

        if (isPlanted)
        {
            await RequireReadyAsync(Url);
        }
    }

    public async Task KillAsync()
    {
        Url = null;
        if (Process is { } process)
        {
            Process = null;
            await process.DisposeAsync();
        }
    }

    /// <summary>Starts it and ends it before it is ready.</summary>
    public async Task StumbleAsync(TimeSpan after)
    {
        using var process = NodeProcess.Start(
            Program, data, ["serve", "--data", data, .. Options], within: network?.Within);
        await Task.Delay(after);
        process.Kill();
        await process.WaitForExitAsync();
    }

    /// <returns>Its exit code.</returns>
    public async Task<int> TerminateAsync()
    {
        var code = await Process!.TerminateAsync();
        await KillAsync();
        return code;
    }

    public async ValueTask DisposeAsync()
    {
        if (Process is { } process && Url is not null)
        {
            await process.DisposeAsync();
        }
    }

    /// <summary>What a planted defect left is seen at once where the node itself sees it.</summary>
    private static async Task RequireReadyAsync(Uri url)
    {
        using var http = new HttpClient { BaseAddress = url };
        while (true)
        {
            using var answer = await http.GetAsync("/health/ready");
            var ready = await answer.Content.ReadAsStringAsync();
            if (answer.IsSuccessStatusCode)
            {
                return;
            }

            if (ready.Contains("set_back", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"it says that nobody may write: {ready}");
            }

            await Task.Delay(20);
        }
    }
}

/// <summary>A disk in memory, which is soon full.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string place) => Place = place;

    public string Place { get; }

    /// <summary>Why there can be none here; null where there can.</summary>
    public static string? Unavailable { get; } = Try();

    public static SmallDisk Mount(string place, int megabytes) =>
        Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", place) is { } failure
            ? throw new InvalidOperationException(failure)
            : new SmallDisk(place);

    public void Dispose() => Run("umount", "-l", Place);

    private static string? Try()
    {
        using var directory = new TemporaryDirectory();
        try
        {
            using var disk = Mount(directory.Path, 1);
            return null;
        }
        catch (Exception failure) when (failure is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return $"no small disk can be mounted here: {failure.Message}";
        }
    }

    /// <returns>What was wrong; null where nothing was.</returns>
    public static string? Run(string program, params string[] arguments)
    {
        var start = new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        var noted = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? null : noted.Trim();
    }
}
