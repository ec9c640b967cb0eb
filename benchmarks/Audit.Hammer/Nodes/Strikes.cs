using System.Diagnostics;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Nodes;

/// <summary>What can be done to nodes, to their database, and to the wires between.</summary>
internal static class Strikes
{
    private const int LongestGapSeconds = 5;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan HostPatienceWhereOthersServe = TimeSpan.FromSeconds(1.5);

    public static IReadOnlyList<NodeScenario> All { get; } =
    [
        new("kill-node", "sqlite", new ArenaNeeds(), KillNodeAsync),
        new("kill-node", "postgres", new ArenaNeeds(), KillNodeAsync),
        new("kill-database", "postgres", new ArenaNeeds(), KillDatabaseAsync),
        new("kill-both", "postgres", new ArenaNeeds(), KillBothAsync),
        new("terminate", "sqlite", new ArenaNeeds(), TerminateAsync),
        new("terminate", "postgres", new ArenaNeeds(), TerminateAsync),
        new("pause-node", "sqlite", new ArenaNeeds(), PauseNodeAsync),
        new("pause-database", "postgres", new ArenaNeeds(), PauseDatabaseAsync),
        new("zombies", "postgres", new ArenaNeeds(Nodes: 3), MakeZombieAsync)
        {
            HostPatience = HostPatienceWhereOthersServe,
        },
        new("vanish", "postgres", new ArenaNeeds(Nodes: 2, Namespaces: true), VanishAsync)
        {
            HostPatience = HostPatienceWhereOthersServe,
        },
        new("cut-hosts", "sqlite", new ArenaNeeds(WireToNode: true), CutHostsAsync),
        new("cut-database", "postgres", new ArenaNeeds(WireToDatabase: true), CutDatabaseAsync),
        new("black-hole", "postgres", new ArenaNeeds(WireToDatabase: true), SwallowAsync),
        // The log remembers that it was set back until a person resumes it.
        new("set-back", "sqlite", new ArenaNeeds(), SetBackAsync) { IsVerified = false },
        new("set-back", "postgres", new ArenaNeeds(), SetDatabaseBackAsync) { IsVerified = false },
        new("disk-full", "sqlite", new ArenaNeeds(DiskMegabytes: 192), FillDiskAsync),
        new("disk-full", "postgres", new ArenaNeeds(DiskMegabytes: 384), FillDatabaseDiskAsync),
        new("overload", "sqlite", new ArenaNeeds(), OverloadAsync),
        new("slow-clients", "sqlite", new ArenaNeeds(), SlowClients.BesetAsync),
        new("backup", "sqlite", new ArenaNeeds(), Backups.StrikeAsync),
        new("backup", "postgres", new ArenaNeeds(), Backups.StrikeAsync),
        new("damaged-page", "sqlite", new ArenaNeeds(), DamagedPage.StrikeAsync),
        new("damaged-page", "postgres", new ArenaNeeds(), DamagedPage.StrikeAsync),
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

    /// <summary>The server, and within a moment of that the node, which in half of the rounds is started before it.</summary>
    private static async Task KillBothAsync(Strike strike)
    {
        var (node, cluster) = (strike.AnyNode, strike.Arena.Cluster!);
        strike.Note();
        cluster.Kill();
        await strike.RestAsync(0, 300);
        await node.KillAsync();
        if (strike.Chance.Percent(50))
        {
            await node.StumbleAsync(strike.Chance.Milliseconds(50, 900));
        }

        await cluster.StartAgainAsync();
        await node.StartAsync();
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

    public static Task PauseNodeAsync(Strike strike)
    {
        var process = strike.AnyNode.Process!;
        return ForAWhileAsync(strike, process.Pause, 100, 1_500, process.Continue);
    }

    private static Task PauseDatabaseAsync(Strike strike)
    {
        var cluster = strike.Arena.Cluster!;
        return ForAWhileAsync(strike, cluster.Pause, 100, 3_000, cluster.Continue);
    }

    private static Task SwallowAsync(Strike strike)
    {
        var wire = strike.Arena.ToDatabase!;
        return ForAWhileAsync(strike, wire.Swallow, 300, 6_000, wire.Mend);
    }

    private static async Task ForAWhileAsync(Strike strike, Action begin, int least, int most, Action end)
    {
        begin();
        await strike.RestAsync(20, 60);
        strike.Note();
        await strike.RestAsync(least, most);
        end();
    }

    /// <summary>One node stands still, or ends, and comes back when others have gone on with its streams.</summary>
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
        await OthersGoOnAsync(strike, strike.Chance.Milliseconds(500, 8_000));
        process.Continue();
    }

    /// <summary>The machine of a node is gone from the network, and comes back with the node, or without.</summary>
    private static async Task VanishAsync(Strike strike)
    {
        var node = strike.AnyNode;
        node.Network!.Vanish();
        await OthersGoOnAsync(strike, strike.Chance.Milliseconds(2_000, 9_000));
        var isDown = strike.Chance.Percent(50);
        if (isDown)
        {
            await node.KillAsync();
        }

        node.Network.Return();
        if (isDown)
        {
            await node.StartAsync();
        }
    }

    /// <summary>Who comes to one of the others is served: hosts that wait for the one that is gone go there.</summary>
    private static async Task OthersGoOnAsync(Strike strike, TimeSpan length)
    {
        await strike.RestAsync(20, 60);
        strike.Note();
        var (gap, longest, last) = (TimeSpan.Zero, TimeSpan.Zero, strike.Ledger.LastAt);
        for (var clock = Stopwatch.StartNew(); clock.Elapsed < length;)
        {
            // Counted in glances: where nobody gets a turn for a while, neither do these.
            await Task.Delay(Glance);
            gap = strike.Ledger.LastAt == last ? gap + Glance : TimeSpan.Zero;
            last = strike.Ledger.LastAt;
            longest = gap > longest ? gap : longest;
        }

        if (longest > TimeSpan.FromSeconds(LongestGapSeconds) + HostPatienceWhereOthersServe)
        {
            strike.Ledger.Fail($"one node was away, and no other took anything for {longest.TotalSeconds:0.0} s");
        }
    }

    private static Task CutHostsAsync(Strike strike) => CutAsync(strike, strike.Arena.ToNode!, 5, 20_000, 60);

    private static Task CutDatabaseAsync(Strike strike) => CutAsync(strike, strike.Arena.ToDatabase!, 3, 60_000, 200);

    private static async Task CutAsync(Strike strike, CuttingWire wire, int cuts, int bytes, int most)
    {
        for (var cut = 0; cut < cuts; cut++)
        {
            strike.Note();
            wire.CutAfter(strike.Chance.Below(bytes));
            await strike.RestAsync(5, most);
            strike.Note();
            wire.Mend();
            await strike.RestAsync(5, most);
        }
    }

    /// <summary>An older copy takes the journal's place: nothing is taken until the newer one is back.</summary>
    private static async Task SetBackAsync(Strike strike)
    {
        var node = strike.Arena.Nodes[0];
        var (journal, older, newer) = (
            Path.Combine(node.Data, "journal.db"), strike.Arena.FileOf("older"), strike.Arena.FileOf("newer"));
        strike.Note();
        await node.KillAsync();
        Copy(journal, older);
        await node.StartAsync();
        await MoreIsAcknowledgedAsync(strike);
        strike.Note();
        await node.KillAsync();
        Move(journal, newer);
        Copy(older, journal);
        await node.StartAsync(until: "/health/live");
        await RequireShutAsync(strike);
        await node.KillAsync();
        Move(newer, journal);
        await node.StartAsync();
    }

    /// <summary>The same under a node that lives on: what it remembers of the journal is more than the server has.</summary>
    private static async Task SetDatabaseBackAsync(Strike strike)
    {
        var cluster = strike.Arena.Cluster!;
        var (older, newer) = (cluster.Data + ".older", cluster.Data + ".newer");
        strike.Note();
        cluster.Kill();
        _ = SmallDisk.Run("cp", "-a", cluster.Data, older);
        await cluster.StartAgainAsync();
        await MoreIsAcknowledgedAsync(strike);
        strike.Note();
        cluster.Kill();
        Directory.Move(cluster.Data, newer);
        Directory.Move(older, cluster.Data);
        await cluster.StartAgainAsync();
        await RequireShutAsync(strike);
        cluster.Kill();
        Directory.Delete(cluster.Data, recursive: true);
        Directory.Move(newer, cluster.Data);
        await cluster.StartAgainAsync();
    }

    private static async Task MoreIsAcknowledgedAsync(Strike strike)
    {
        for (var before = strike.Ledger.Acknowledged; strike.Ledger.Acknowledged == before;)
        {
            await strike.RestAsync(5, 10);
        }
    }

    private static async Task RequireShutAsync(Strike strike)
    {
        var known = strike.Ledger.Acknowledged;
        await strike.RestAsync(300, 600);
        if (strike.Ledger.Acknowledged != known)
        {
            strike.Ledger.Fail("a node whose journal was set back gave receipts");
        }
    }

    /// <summary>The disk is full for a while, and in half of the rounds the node is ended meanwhile.</summary>
    private static async Task FillDiskAsync(Strike strike)
    {
        var (node, ballast) = (strike.Arena.Nodes[0], await UntilFullAsync(strike));
        if (strike.Chance.Percent(50))
        {
            await node.KillAsync();
            File.Delete(ballast);
            await node.StartAsync();
        }

        File.Delete(ballast);
    }

    /// <summary>The same of the database's disk: a server that cannot write its log ends by itself.</summary>
    private static async Task FillDatabaseDiskAsync(Strike strike)
    {
        var (cluster, ballast) = (strike.Arena.Cluster!, await UntilFullAsync(strike));
        if (strike.Chance.Percent(50))
        {
            cluster.Kill();
        }

        File.Delete(ballast);
        if (!cluster.IsRunning)
        {
            await cluster.StartAgainAsync();
        }
    }

    private static async Task<string> UntilFullAsync(Strike strike)
    {
        var ballast = strike.Arena.Ballast;
        await Task.Run(() => Fill(ballast));
        await strike.RestAsync(50, 400);
        strike.Note();
        await strike.RestAsync(100, 600);
        return ballast;
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
