using System.Diagnostics;
using Audit.Hammer.Scenarios;

namespace Audit.Hammer.Simulation;

/// <summary>Very many schedules, each from a seed of its own that follows the one before.</summary>
internal sealed class SimulationScenario : IScenario
{
    private const int MostNamed = 10;

    public string Name => "simulation";

    public Task<ScenarioResult> RunAsync(HammerRun run)
    {
        var total = Run(run.Seed, run.Schedules, run.Until, run.Print);
        run.Print(total.Summary);
        return Task.FromResult(new ScenarioResult(
            Name, run.Seed, total.Schedules, total.Acknowledged, total.Lost, total.Doubled, total.Wrong));
    }

    /// <summary>Runs schedules until there are so many, or it is time.</summary>
    public static SimulationTotal Run(ulong seed, int schedules, Func<bool> isOver, Action<string> print)
    {
        var total = new SimulationTotal();
        var clock = Stopwatch.StartNew();
        for (; total.Schedules < schedules && !isOver(); seed++)
        {
            var outcome = Schedule.Run(seed);
            total.Add(outcome);
            if (!outcome.IsRight && total.Failed++ < MostNamed)
            {
                print($"schedule {seed} fails; --replay {seed} shows it again:");
                foreach (var finding in outcome.Findings.Take(3))
                {
                    print("  " + finding);
                }
            }
        }

        total.Elapsed = clock.Elapsed;
        return total;
    }

    /// <returns>After how many schedules a planted defect was seen; null when it was not.</returns>
    public static int? FindPlanted(Defect defect, ulong seed, int atMost)
    {
        for (var number = 0; number < atMost; number++)
        {
            if (!Schedule.Run(seed + (ulong)number, defect).IsRight)
            {
                return number + 1;
            }
        }

        return null;
    }
}

internal sealed class SimulationTotal
{
    private readonly HashSet<ulong> distinct = [];
    private long steps;

    public int Schedules { get; private set; }

    public int Failed { get; set; }

    public long Acknowledged { get; private set; }

    public long Lost { get; private set; }

    public long Doubled { get; private set; }

    public long Wrong { get; private set; }

    public TimeSpan Elapsed { get; set; }

    public double DistinctInHundred => 100.0 * distinct.Count / Math.Max(Schedules, 1);

    public double MeanSteps => (double)steps / Math.Max(Schedules, 1);

    public string Summary =>
        $"{Schedules} schedules in {Elapsed.TotalSeconds:0} s ({Schedules / Elapsed.TotalMinutes:0} a minute), "
        + $"{DistinctInHundred:0.0} % distinct, {MeanSteps:0} steps each";

    public void Add(ScheduleOutcome outcome)
    {
        Schedules++;
        distinct.Add(outcome.Fingerprint);
        steps += outcome.Steps;
        Acknowledged += outcome.Acknowledged;
        Lost += outcome.Lost;
        Doubled += outcome.Doubled;
        Wrong += outcome.Wrong;
    }
}
