using Audit.Hammer.Nodes;
using Xunit.Abstractions;

namespace Audit.Fault.Tests;

/// <summary>Each scenario for a round; `benchmarks/Audit.Hammer` runs the same ones for long.</summary>
public sealed class NodeScenarioTests(ITestOutputHelper output)
{
    public static TheoryData<string> OnSqlite => Of("sqlite");

    public static TheoryData<string> OnPostgres => Of("postgres");

    [Theory]
    [MemberData(nameof(OnSqlite))]
    public Task nothing_acknowledged_is_lost_doubled_or_wrong_on_sqlite(string scenario) => RunAsync(scenario);

    [PostgresTheory]
    [MemberData(nameof(OnPostgres))]
    public Task nothing_acknowledged_is_lost_doubled_or_wrong_on_postgresql(string scenario) => RunAsync(scenario);

    [Theory]
    [InlineData(Defect.ReceiptBeforeCommit)]
    [InlineData(Defect.DroppedLastBatch)]
    [InlineData(Defect.DuplicateAfterResend)]
    public async Task a_planted_defect_of_a_whole_node_is_seen_within_20_rounds(Defect defect)
    {
        var scenario = new NodeScenario(
            $"{defect}", "sqlite", new ArenaNeeds(Planted: defect), Strikes.KillNodeAsync);
        var result = await scenario.RunAsync(NewRun(rounds: 20));
        output.WriteLine($"{result}");
        Assert.False(result.IsRight);
    }

    private static TheoryData<string> Of(string store) =>
        [.. Strikes.All.Where(scenario => scenario.Store == store).Select(scenario => scenario.Name)];

    private async Task RunAsync(string name)
    {
        var scenario = Strikes.All.Single(scenario => scenario.Name == name);
        if (scenario.Unavailable is { } reason)
        {
            output.WriteLine($"Left out: {reason}");
            return;
        }

        var result = await scenario.RunAsync(NewRun(rounds: 1));
        output.WriteLine($"{result}");
        Assert.True(result.IsRight, $"{ScenarioResult.Header}\n{result}");
        Assert.True(result.Rounds > 0, $"{result}");
    }

    private HammerRun NewRun(int rounds) => new(
        (ulong)Random.Shared.NextInt64(1, 1L << 53), rounds, Schedules: 0, () => false, output.WriteLine);
}
