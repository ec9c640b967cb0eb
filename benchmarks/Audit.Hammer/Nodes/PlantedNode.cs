using Audit.Hammer.Scenarios;
using Audit.Hammer.Simulation;
using Audit.Node.Configuration;
using Audit.Node.Hosting;
using Microsoft.Data.Sqlite;

namespace Audit.Hammer.Nodes;

/// <summary>
/// A whole node with a planted defect, in a process of its own that is this program: the product's own executable
/// cannot be had with one.
/// </summary>
internal static class PlantedNode
{
    private const int ForgetsOneOf = 30;

    private static readonly TimeSpan Behind = TimeSpan.FromMilliseconds(20);

    public static async Task<int> RunAsync(
        string data, string store, string rowKey, Defect defect, CancellationToken cancellation)
    {
        var last = 0L;
        var committed = Path.Combine(data, "committed");
        if (defect == Defect.SealBeforeCommit && File.Exists(committed))
        {
            RollBack(store, long.Parse(await File.ReadAllTextAsync(committed, cancellation)));
        }

        var options = new NodeOptions { Store = store, Data = data, RowKey = rowKey, Urls = "http://127.0.0.1:0" };
        var seams = new NodeSeams
        {
            AroundJournal = journal =>
            {
                last = journal.LastPositionAsync(cancellation).GetAwaiter().GetResult();
                return defect == Defect.SealBeforeCommit
                    ? new LateJournal(journal, committed, Behind)
                    : new PlantedJournal(
                        journal, () => last, [], defect, new Chance((ulong)Random.Shared.NextInt64()))
                    {
                        Appended = position => last = position,
                        Behind = Behind,
                        ForgetsOneOf = ForgetsOneOf,
                    };
            },
            SealInterval = defect == Defect.SealBeforeCommit
                ? TimeSpan.FromMilliseconds(1)
                : new NodeSeams().SealInterval,
        };
        await using var node = await NodeHost.StartAsync(options, seams, cancellation);
        await Task.Delay(Timeout.Infinite, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        return 0;
    }

    /// <summary>What was not committed is gone after a kill.</summary>
    private static void RollBack(string store, long position)
    {
        using var open = new SqliteConnection($"Data Source={StoreAddress.Parse(store).Place};Pooling=False");
        open.Open();
        using var command = open.CreateCommand();
        // The database itself would be kept by no trigger.
        command.CommandText = $"DROP TRIGGER IF EXISTS journal_no_delete; DELETE FROM journal WHERE ordering > {position}";
        command.ExecuteNonQuery();
    }

    /// <summary>
    /// The sealer reads by a connection of its own, to which no program can show what the database holds back. So here
    /// the database has the rows at once, and what counts as their commit follows, with the receipt: a node that is
    /// ended in between takes them back when it starts, as the database would.
    /// </summary>
    private sealed class LateJournal(IJournal journal, string committed, TimeSpan behind) : RelayedJournal(journal)
    {
        private readonly Lock turn = new();
        private long last;

        public override async Task AppendAsync(
            IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation)
        {
            await Inner.AppendAsync(rows, positions, cancellation);
            await Task.Delay(behind, cancellation);
            lock (turn)
            {
                last = positions.Span[..rows.Count].ToArray().Append(last).Max();
                File.WriteAllText(committed + ".new", $"{last}");
                File.Move(committed + ".new", committed, overwrite: true);
            }
        }

        public override ValueTask DisposeAsync() => Inner.DisposeAsync();
    }
}

/// <summary>
/// Each defect, planted in the simulation and in whole nodes: a harness that does not see it shows nothing where it
/// sees nothing.
/// </summary>
internal static class PlantedDefects
{
    public const int MostSchedules = 2_000;
    public const int MostRounds = 20;

    private static readonly TimeSpan PatienceWithoutWakeUp = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PatienceWithoutFence = TimeSpan.FromSeconds(0.3);

    public static IReadOnlyList<Defect> All { get; } =
        [.. Enum.GetValues<Defect>().Where(defect => defect != Defect.None)];

    /// <summary>A fence is between nodes: hosts go to the other one before the first has answered.</summary>
    public static NodeScenario OnNodes(Defect defect) => defect == Defect.NoFence
        ? new NodeScenario($"{defect}", "postgres", new ArenaNeeds(Nodes: 2, Planted: defect), Strikes.PauseNodeAsync)
        {
            HostPatience = PatienceWithoutFence,
        }
        : new NodeScenario($"{defect}", "sqlite", new ArenaNeeds(Planted: defect), Strikes.KillNodeAsync)
        {
            Patience = PatienceWithoutWakeUp,
        };

    /// <returns>Whether each was seen.</returns>
    public static async Task<bool> ShowAsync(ulong seed, Action<string> write, Action<string> print)
    {
        write("defect planted_in seen_after at_most");
        var isEachSeen = true;
        foreach (var defect in All)
        {
            var schedules = SimulationScenario.FindPlanted(defect, seed, MostSchedules);
            Write(defect, "simulation", schedules, $"{MostSchedules} schedules");
            var scenario = OnNodes(defect);
            if (scenario.Unavailable is { } reason)
            {
                print($"{scenario.Name} is left out: {reason}");
                continue;
            }

            var result = await scenario.RunAsync(new HammerRun(seed, MostRounds, Schedules: 0, () => false, print));
            Write(defect, scenario.Store, result.IsRight ? null : (int)result.Rounds, $"{MostRounds} rounds");
        }

        return isEachSeen;

        void Write(Defect defect, string where, int? seenAfter, string most)
        {
            isEachSeen &= seenAfter is not null;
            write($"{defect} {where} {(seenAfter is { } after ? $"{after}" : "never")} {most}");
        }
    }
}
