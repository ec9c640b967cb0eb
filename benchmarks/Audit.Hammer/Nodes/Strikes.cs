using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Nodes;

/// <summary>What can be done to nodes, to their database, and to the wires between.</summary>
internal static class Strikes
{
    private const int LongestGapSeconds = 5;

    public static IReadOnlyList<NodeScenario> All { get; } =
    [
        new("kill-node", "sqlite", new ArenaNeeds(), KillNodeAsync),
        new("kill-node", "postgres", new ArenaNeeds(), KillNodeAsync),
        new("kill-database", "postgres", new ArenaNeeds(), KillDatabaseAsync),
        new("terminate", "sqlite", new ArenaNeeds(), TerminateAsync),
        new("terminate", "postgres", new ArenaNeeds(), TerminateAsync),
        new("pause-node", "sqlite", new ArenaNeeds(), PauseNodeAsync),
        new("pause-database", "postgres", new ArenaNeeds(), PauseDatabaseAsync),
        new("zombies", "postgres", new ArenaNeeds(Nodes: 3), MakeZombieAsync)
        {
            HostPatience = TimeSpan.FromSeconds(1.5),
        },
        new("cut-hosts", "sqlite", new ArenaNeeds(WireToNode: true), CutHostsAsync),
        new("cut-database", "postgres", new ArenaNeeds(WireToDatabase: true), CutDatabaseAsync),
        new("black-hole", "postgres", new ArenaNeeds(WireToDatabase: true), SwallowAsync),
        // The log remembers that it was set back until a person resumes it.
        new("set-back", "sqlite", new ArenaNeeds(), SetBackAsync) { IsVerified = false },
        new("disk-full", "sqlite", new ArenaNeeds(DiskMegabytes: 192), FillDiskAsync),
        new("overload", "sqlite", new ArenaNeeds(), OverloadAsync),
        new("hostile-clients", "sqlite", new ArenaNeeds(), BesetAsync),
    ];

    public static async Task KillNodeAsync(Strike strike)
    {
        var node = strike.AnyNode;
        strike.Note();
        await node.KillAsync();
        if (strike.Chance.Percent(10))
        {
            await node.StumbleAsync(strike.Chance.Milliseconds(50, 900));
        }

        await node.StartAsync();
    }

    private static async Task KillDatabaseAsync(Strike strike)
    {
        strike.Note();
        strike.Arena.Cluster!.Kill();
        strike.Note();
        await strike.Arena.Cluster.StartAgainAsync();
    }

    private static async Task TerminateAsync(Strike strike)
    {
        var node = strike.AnyNode;
        strike.Note();
        var code = await node.TerminateAsync();
        if (code != 0)
        {
            strike.Ledger.Fail($"a node that was asked to stop ended with {code}: {node.Process!.Printed}");
        }

        await node.StartAsync();
    }

    private static async Task PauseNodeAsync(Strike strike)
    {
        var process = strike.AnyNode.Process!;
        process.Pause();
        await strike.RestAsync(20, 60);
        strike.Note();
        await strike.RestAsync(100, 1_500);
        process.Continue();
    }

    private static async Task PauseDatabaseAsync(Strike strike)
    {
        strike.Arena.Cluster!.Pause();
        await strike.RestAsync(20, 60);
        strike.Note();
        await strike.RestAsync(100, 3_000);
        strike.Arena.Cluster.Continue();
    }

    /// <summary>One node stands still, or ends, and comes back when others have long gone on with its streams.</summary>
    private static async Task MakeZombieAsync(Strike strike)
    {
        var node = strike.AnyNode;
        if (strike.Chance.Percent(30))
        {
            await KillNodeAsync(strike);
            return;
        }

        var process = node.Process!;
        process.Pause();
        await strike.RestAsync(20, 60);
        strike.Note();
        var length = strike.Chance.Milliseconds(500, 8_000);
        var clock = Stopwatch.StartNew();
        var longest = TimeSpan.Zero;
        while (clock.Elapsed < length)
        {
            await Task.Delay(20);
            var gap = DateTime.UtcNow - strike.Ledger.LastAt;
            longest = gap > longest ? gap : longest;
        }

        process.Continue();
        if (longest > TimeSpan.FromSeconds(LongestGapSeconds + 2))
        {
            strike.Ledger.Fail($"one node stood still, and no other took anything for {longest.TotalSeconds:0.0} s");
        }
    }

    private static async Task CutHostsAsync(Strike strike)
    {
        for (var cut = 0; cut < 5; cut++)
        {
            strike.Note();
            strike.Arena.ToNode!.CutAfter(strike.Chance.Below(20_000));
            await strike.RestAsync(5, 60);
            strike.Note();
            strike.Arena.ToNode.Mend();
            await strike.RestAsync(5, 60);
        }
    }

    private static async Task CutDatabaseAsync(Strike strike)
    {
        for (var cut = 0; cut < 3; cut++)
        {
            strike.Note();
            strike.Arena.ToDatabase!.CutAfter(strike.Chance.Below(60_000));
            await strike.RestAsync(10, 200);
            strike.Note();
            strike.Arena.ToDatabase.Mend();
            await strike.RestAsync(10, 200);
        }
    }

    private static async Task SwallowAsync(Strike strike)
    {
        strike.Arena.ToDatabase!.Swallow();
        await strike.RestAsync(20, 60);
        strike.Note();
        await strike.RestAsync(300, 6_000);
        strike.Arena.ToDatabase.Mend();
    }

    /// <summary>An older copy takes the journal's place: nothing is taken until the newer one is back.</summary>
    private static async Task SetBackAsync(Strike strike)
    {
        var node = strike.Arena.Nodes[0];
        var (journal, older, newer) = (
            Path.Combine(node.Data, "journal.db"), strike.Arena.FileOf("older"), strike.Arena.FileOf("newer"));
        strike.Note();
        await node.KillAsync();
        if (File.Exists(older))
        {
            Move(journal, newer);
            Copy(older, journal);
            await node.StartAsync(until: "/health/live");
            var before = strike.Ledger.Acknowledged;
            await strike.RestAsync(300, 600);
            if (strike.Ledger.Acknowledged != before)
            {
                strike.Ledger.Fail("a node whose journal was set back gave receipts");
            }

            await node.KillAsync();
            Move(newer, journal);
        }

        Copy(journal, older);
        await node.StartAsync();
    }

    /// <summary>The disk is full for a while, and in half of the rounds the node is ended meanwhile.</summary>
    private static async Task FillDiskAsync(Strike strike)
    {
        var node = strike.Arena.Nodes[0];
        var ballast = Path.Combine(node.Data, "ballast");
        await Task.Run(() => Fill(ballast));
        await strike.RestAsync(50, 400);
        strike.Note();
        await strike.RestAsync(100, 600);
        if (strike.Chance.Percent(50))
        {
            await node.KillAsync();
            File.Delete(ballast);
            await node.StartAsync();
        }

        File.Delete(ballast);
    }

    private static void Fill(string path)
    {
        var block = new byte[1 << 16];
        for (var size = block.Length; size > 0; size /= 16)
        {
            try
            {
                using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0);
                while (true)
                {
                    file.Write(block.AsSpan(0, size));
                }
            }
            catch (IOException)
            {
                // Full; the rest in smaller pieces.
            }
        }
    }

    /// <summary>More comes than a node can take, and in the middle of it the node is ended.</summary>
    private static async Task OverloadAsync(Strike strike)
    {
        var round = $"{strike.Chance.Draw():x}";
        var flood = strike.Crowd.FloodAsync(round, batches: 400, aSecond: 500, new Chance(strike.Chance.Draw()));
        await strike.RestAsync(200, 700);
        strike.Note();
        var node = strike.Arena.Nodes[0];
        if (strike.Chance.Percent(50))
        {
            await node.KillAsync();
            await node.StartAsync();
        }

        await flood;
    }

    /// <summary>Clients send half of a message and rest, or what is no message; the others are served.</summary>
    private static async Task BesetAsync(Strike strike)
    {
        const int Clients = 200;
        var url = strike.Arena.Nodes[0].Url!;
        var clients = Enumerable.Range(0, Clients).Select(_ => new TcpClient()).ToArray();
        var begun = Encoding.ASCII.GetBytes(
            $"POST /v1/records HTTP/1.1\r\nHost: {url.Authority}\r\nAuthorization: Bearer {strike.Arena.Token}\r\n"
            + "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n[{\"session_id\":\"s\",");
        foreach (var client in clients)
        {
            await client.ConnectAsync(url.Host, url.Port);
            var length = strike.Chance.Next(1, 400);
            byte[] noise = [.. Enumerable.Range(0, length).Select(_ => (byte)strike.Chance.Draw())];
            await client.GetStream().WriteAsync(strike.Chance.Percent(70) ? begun : noise);
        }

        strike.Note();
        var before = strike.Ledger.Acknowledged;
        var clock = Stopwatch.StartNew();
        while (strike.Ledger.Acknowledged < before + 200 && clock.Elapsed < TimeSpan.FromSeconds(30))
        {
            await strike.RestAsync(5, 10);
            strike.Note();
        }

        if (strike.Ledger.Acknowledged < before + 200)
        {
            strike.Ledger.Fail($"beside {Clients} clients that rest, others got no 200 receipts in 30 s");
        }

        Array.ForEach(clients, client => client.Dispose());
    }

    private static void Move(string from, string to)
    {
        Copy(from, to);
        OfDatabase(from).ForEach(File.Delete);
    }

    private static void Copy(string from, string to)
    {
        OfDatabase(to).ForEach(File.Delete);
        foreach (var file in OfDatabase(from).Where(File.Exists))
        {
            File.Copy(file, to + file[from.Length..]);
        }
    }

    // What a killed node leaves is the file and the log beside it.
    private static List<string> OfDatabase(string file) => [file, file + "-wal", file + "-shm"];
}
