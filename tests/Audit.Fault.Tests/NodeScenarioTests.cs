using System.Reflection;
using Audit.Hammer.Nodes;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Audit.Fault.Tests;

/// <summary>
/// Each scenario for a round; `benchmarks/Audit.Hammer` runs the same ones for long. They wait more than they work, so
/// that those of each store are a class, which is run beside the others.
/// </summary>
public abstract class NodeScenarioTests(ITestOutputHelper output)
{
    private const string Separator = ", ";

    protected async Task RequireRightAsync(string store, string names)
    {
        var all = Of(store, names);
        var result = await NodeScenario.InTurn(all).RunAsync(NewRun(all.Count));
        output.WriteLine($"{result}");
        Assert.True(result.IsRight, $"{ScenarioResult.Header}\n{result}");
        Assert.Equal(all.Count, result.Rounds);
    }

    protected async Task RequireSeenAsync(Defect defect)
    {
        var result = await PlantedDefects.OnNodes(defect).RunAsync(NewRun(PlantedDefects.MostRounds));
        output.WriteLine($"{result}");
        Assert.False(result.IsRight);
    }

    private protected static List<NodeScenario> Of(string store, string names) =>
        [.. names.Split(Separator).Select(name => Strikes.All.Single(one => one.Name == $"{name}-{store}"))];

    private HammerRun NewRun(int rounds) => new(
        (ulong)Random.Shared.NextInt64(1, 1L << 53), rounds, Schedules: 0, () => false, output.WriteLine);

    /// <summary>Scenarios on the same nodes, skipped with the reason where there cannot be such.</summary>
    [AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
    protected sealed class ScenariosAttribute : DataAttribute
    {
        public ScenariosAttribute(string store, params string[] names)
        {
            (Store, Names) = (store, string.Join(Separator, names));
            Skip = Of(Store, Names).Select(one => one.Unavailable).FirstOrDefault(reason => reason is not null);
        }

        public string Store { get; }

        public string Names { get; }

        public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [[Store, Names]];
    }
}

public sealed class SqliteScenarioTests(ITestOutputHelper output) : NodeScenarioTests(output)
{
    [Theory]
    [Scenarios("sqlite", "kill-node", "terminate", "pause-node", "overload", "slow-clients", "damaged-page")]
    [Scenarios("sqlite", "cut-hosts")]
    [Scenarios("sqlite", "set-back")]
    [Scenarios("sqlite", "disk-full")]
    [Scenarios("sqlite", "backup")]
    public Task nothing_acknowledged_is_lost_doubled_or_wrong(string store, string names) =>
        RequireRightAsync(store, names);

    [Fact]
    public void every_scenario_is_run_here()
    {
        Type[] classes = [typeof(SqliteScenarioTests), typeof(PostgresScenarioTests)];
        var here = classes
            .Select(one => one.GetMethod(nameof(nothing_acknowledged_is_lost_doubled_or_wrong))!)
            .SelectMany(theory => theory.GetCustomAttributes<ScenariosAttribute>())
            .SelectMany(some => Of(some.Store, some.Names));
        Assert.Equal(Strikes.All.Select(one => one.Name).Order(), here.Select(one => one.Name).Order());
    }
}

public sealed class PostgresScenarioTests(ITestOutputHelper output) : NodeScenarioTests(output)
{
    [Theory]
    [Scenarios("postgres", "kill-node", "kill-database", "kill-both", "terminate", "pause-database", "damaged-page")]
    [Scenarios("postgres", "cut-database", "black-hole")]
    [Scenarios("postgres", "zombies")]
    [Scenarios("postgres", "vanish")]
    [Scenarios("postgres", "set-back")]
    [Scenarios("postgres", "disk-full")]
    [Scenarios("postgres", "backup")]
    public Task nothing_acknowledged_is_lost_doubled_or_wrong(string store, string names) =>
        RequireRightAsync(store, names);
}

public sealed class PlantedDefectTests(ITestOutputHelper output) : NodeScenarioTests(output)
{
    [Theory]
    [InlineData(Defect.ReceiptBeforeCommit)]
    [InlineData(Defect.DroppedLastBatch)]
    [InlineData(Defect.DuplicateAfterResend)]
    [InlineData(Defect.SealBeforeCommit)]
    [InlineData(Defect.LostWakeUp)]
    public Task a_planted_defect_of_a_whole_node_is_seen_within_20_rounds(Defect defect) => RequireSeenAsync(defect);

    [PostgresFact]
    public Task two_nodes_without_a_fence_are_seen_within_20_rounds() => RequireSeenAsync(Defect.NoFence);
}
