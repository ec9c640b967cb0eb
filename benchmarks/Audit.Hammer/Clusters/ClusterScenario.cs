using System.Diagnostics;
using Audit.Hammer.Nodes;
using Audit.Hammer.Scenarios;
using Audit.Hammer.Simulation;

namespace Audit.Hammer.Clusters;

/// <summary>
/// Nodes of a cluster under load, of which one is killed, leaves, or stands still, and comes back. Nothing that
/// was acknowledged is lost or doubled, a node that leaves costs no post at the others, and nobody waits for long.
/// </summary>
/// <param name="isUpgrade">
/// The nodes are of an earlier program; each leaves and comes back from this one, until none of the earlier is left.
/// </param>
internal sealed class ClusterScenario(int nodes = 3, bool isUpgrade = false) : IScenario
{
    private const int AtLeast = 200;
    private const string BeforeName = "AUDIT_HAMMER_BEFORE";

    private static readonly string? Before = Environment.GetEnvironmentVariable(BeforeName);

    /// <summary>What passes until others answer for the shards of a node that is gone.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Kinds = ["kill", "leave", "pause"];

    public string Name => $"{(isUpgrade ? "upgrade" : "cluster")}-{nodes}-postgres";

    public string? Unavailable => isUpgrade && !File.Exists(Path.Combine(Before ?? "", "audit.dll"))
        ? $"{BeforeName} is the directory of no audit.dll of an earlier program, with the cluster engine." : null;

    public async Task<ScenarioResult> RunAsync(HammerRun run)
    {
        await using var cluster = await ClusterNodes.StartAsync(nodes, isUpgrade ? Before : null);
        using var ledger = new Ledger(cluster.FileOf("ledger"));
        var book = new StoredBook(cluster.Store);
        var chance = new Chance(run.Seed);
        var longest = Kinds.Append("upgrade").ToDictionary(kind => kind, _ => new List<TimeSpan>());
        var most = isUpgrade ? Math.Min(run.Rounds, nodes) : run.Rounds;
        var rounds = 0;
        await using (var crowd = new HostCrowd(
            $"{run.Seed:x}", () => cluster.Urls, cluster.Token, ledger, run.Seed, TimeSpan.FromSeconds(15)))
        {
            await using var prober = new Prober($"{run.Seed:x}", () => cluster.Urls, cluster.Token, ledger, run.Seed);
            while (rounds < most && !run.Until() && ledger.Findings.Count == 0)
            {
                crowd.Begin();
                var wanted = ledger.Acknowledged + AtLeast;
                await UntilAsync(
                    () => ledger.Acknowledged >= wanted, ledger, "nodes that are well acknowledge nothing");
                var kind = isUpgrade ? "upgrade" : Kinds[rounds % Kinds.Length];
                prober.Take();
                var node = isUpgrade ? rounds : chance.Below(cluster.Count);
                var note = await StrikeAsync(cluster, node, prober, ledger, chance, kind);
                crowd.Drain();
                await UntilAsync(
                    () => crowd.IsDrained, ledger, "a host waits for its receipt though all is well again");
                await book.ReadOnAsync();
                var (waits, failed) = prober.Take();
                var waited = waits.LastOrDefault();
                longest[kind].Add(waited);
                if (kind is "leave" or "upgrade" && failed > 0)
                {
                    ledger.Fail($"{failed} posts failed at others when a node left in good order");
                }

                if (isUpgrade)
                {
                    note += $" (reads: {string.Join(' ', await cluster.ReadAsync("/v1/sessions?limit=1"))})";
                }

                run.Print(
                    $"{Name}: round {++rounds}, {kind}{note}: longest wait {waited.TotalSeconds:0.0} s, {failed} posts "
                    + $"failed, {ledger.Acknowledged} acknowledged, {await cluster.CountSessionsAsync()} sessions");
            }
        }

        foreach (var (kind, waits) in longest.Where(pair => pair.Value.Count > 0))
        {
            run.Print($"{Name}: {kind}: {waits.Count} rounds, longest wait {waits.Max().TotalSeconds:0.0} s, "
                + $"median {waits.Order().ElementAt(waits.Count / 2).TotalSeconds:0.0} s");
        }

        return await ConcludeAsync(Name, run, ledger, book, rounds);
    }

    /// <returns>What is to be noted of the round.</returns>
    private static async Task<string> StrikeAsync(
        ClusterNodes cluster, int node, Prober prober, Ledger ledger, Chance chance, string kind)
    {
        switch (kind)
        {
            case "kill":
                await cluster.KillAsync(node);
                await OthersTakeOverAsync(prober, ledger);
                await cluster.StartNodeAsync(node);
                break;
            case "leave" or "upgrade":
                if (await cluster.LeaveAsync(node) is not 0 and var code)
                {
                    ledger.Fail($"a node that was asked to leave ended with {code}");
                }

                if (kind == "upgrade")
                {
                    cluster.Upgrade(node);
                }

                await Task.Delay(chance.Milliseconds(500, 3_000));
                await cluster.StartNodeAsync(node);
                break;
            default:
                var length = chance.Milliseconds(500, 12_000);
                cluster[node].Pause();
                cluster.Spare(node);
                await Task.Delay(length);
                var wasPutDown = await cluster.ComeBackAsync(node);
                return $" of node {node} for {length.TotalSeconds:0.0} s{(wasPutDown ? ", put down" : "")}";
        }

        await cluster.UntilWholeAsync();
        return $" of node {node}";
    }

    /// <summary>Until a whole second brings no call that waited for long.</summary>
    private static async Task OthersTakeOverAsync(Prober prober, Ledger ledger)
    {
        var clock = Stopwatch.StartNew();
        await Task.Delay(LongestSilence);
        while (prober.Open > 50)
        {
            if (clock.Elapsed > 2 * LongestSilence)
            {
                ledger.Fail($"{prober.Open} calls wait {clock.Elapsed.TotalSeconds:0.0} s after a node was killed");
                return;
            }

            await Task.Delay(50);
        }
    }

    private static async Task UntilAsync(Func<bool> isSo, Ledger ledger, string otherwise)
    {
        for (var clock = Stopwatch.StartNew(); !isSo() && ledger.Findings.Count == 0; await Task.Delay(10))
        {
            if (clock.Elapsed > Patience)
            {
                ledger.Fail(otherwise);
            }
        }
    }

    /// <summary>Holds the whole store to the whole ledger.</summary>
    internal static async Task<ScenarioResult> ConcludeAsync(
        string name, HammerRun run, Ledger ledger, StoredBook book, int rounds)
    {
        book.Forget();
        await book.ReadOnAsync();
        var findings = ledger.Findings.Concat(book.Wrong).Concat(book.Doubled).ToList();
        var lost = 0;
        foreach (var (key, promise) in ledger.Read())
        {
            var row = book.Find(key);
            if (row?.Position != promise.Position || (promise.Sha256 is { } hash && hash != row.Sha256))
            {
                lost++;
                findings.Add($"{key} has a receipt for {promise.Position} and is at {row?.Position}");
            }
        }

        findings.Take(10).ToList().ForEach(finding => run.Print($"{name} {run.Seed}: {finding}"));
        return new ScenarioResult(
            name, run.Seed, rounds, ledger.Acknowledged, lost, book.Doubled.Count,
            ledger.Findings.Count + book.Wrong.Count);
    }
}
