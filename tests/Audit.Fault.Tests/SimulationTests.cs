using Audit.Hammer.Nodes;
using Xunit.Abstractions;

namespace Audit.Fault.Tests;

/// <summary>The engine over a store that fails by plan, in a time of its own.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Schedules = 800;
    private const ulong KnownSeed = 7401;

    [Fact]
    public void no_schedule_loses_or_doubles_what_was_acknowledged()
    {
        var seed = (ulong)Random.Shared.NextInt64(1, 1L << 53);
        output.WriteLine($"The simulation runs from the seed {seed}.");
        List<string> printed = [$"seed {seed}"];
        var total = SimulationScenario.Run(seed, Schedules, () => false, printed.Add);
        output.WriteLine(total.Summary);
        Assert.True(total.Failed == 0, string.Join('\n', printed));
        Assert.Equal((0, 0, 0), (total.Lost, total.Doubled, total.Wrong));
        Assert.True(total.DistinctInHundred >= 95, total.Summary);
        Assert.True(total.MeanSteps >= 20, total.Summary);
    }

    [Fact]
    public void a_seed_is_a_schedule()
    {
        for (var seed = KnownSeed; seed < KnownSeed + 100; seed++)
        {
            var (first, again) = (Schedule.Run(seed), Schedule.Run(seed));
            Assert.Equal((first.Fingerprint, first.Steps), (again.Fingerprint, again.Steps));
        }
    }

    /// <summary>Seeds in which the engine decided a later message before what a failed commit had held.</summary>
    [Theory]
    [InlineData(1003229)]
    [InlineData(1004036)]
    [InlineData(1009805)]
    public void what_a_failed_commit_held_is_decided_before_what_came_later(long seed) =>
        Assert.Empty(Schedule.Run((ulong)seed).Findings);

    [Theory]
    [InlineData(Defect.ReceiptBeforeCommit)]
    [InlineData(Defect.NoFence)]
    [InlineData(Defect.DroppedLastBatch)]
    [InlineData(Defect.DuplicateAfterResend)]
    [InlineData(Defect.SealBeforeCommit)]
    [InlineData(Defect.LostWakeUp)]
    public void a_planted_defect_is_seen_within_2000_schedules(Defect defect)
    {
        var after = SimulationScenario.FindPlanted(defect, KnownSeed, PlantedDefects.MostSchedules);
        output.WriteLine($"{defect} is seen after {after} schedules.");
        Assert.NotNull(after);
    }
}
