using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Audit.Hammer.Clients;
using Audit.Hammer.Clusters;
using Audit.Hammer.Nodes;
using Audit.Hammer.Scenarios;
using Audit.Hammer.Simulation;

namespace Audit.Hammer;

/// <summary>What the program takes, and what it does with it.</summary>
internal static class HammerCommand
{
    private static readonly IScenario[] Scenarios =
    [
        new SimulationScenario(), .. Strikes.All, new ClusterScenario(), new ClusterScenario(nodes: 5),
        new ClusterScenario(isUpgrade: true), new ScaleScenario(), .. ClientScenario.All,
    ];

    public static RootCommand Make()
    {
        var scenario = new Option<string[]>("--scenario")
        {
            Description = "all, or the names of some",
            DefaultValueFactory = _ => ["all"],
            AllowMultipleArgumentsPerToken = true,
        };
        scenario.AcceptOnlyFromAmong(["all", .. Scenarios.Select(one => one.Name)]);
        var seed = new Option<ulong?>("--seed") { Description = "the plan of all faults; drawn when not given" };
        var minutes = new Option<double>("--minutes")
        {
            Description = "how long each scenario may take",
            DefaultValueFactory = _ => 1,
        };
        var rounds = new Option<int>("--rounds")
        {
            Description = "rounds of each scenario, if there is time",
            DefaultValueFactory = _ => int.MaxValue,
        };
        var schedules = new Option<int>("--schedules")
        {
            Description = "schedules of the simulation, if there is time",
            DefaultValueFactory = _ => int.MaxValue,
        };
        var store = new Option<string>("--store")
        {
            Description = "sqlite or postgres",
            DefaultValueFactory = _ => "sqlite",
        };
        store.AcceptOnlyFromAmong("sqlite", "postgres");
        var delay = new Option<double>("--delay") { Description = "of scale-postgres: milliseconds of each frame, one way" };
        var loss = new Option<double>("--loss") { Description = "of scale-postgres: frames of a hundred that are lost" };
        var results = new Option<string?>("--results") { Description = "a file in which the results of runs add up" };
        var replay = new Option<ulong?>("--replay")
        {
            Description = "runs one schedule of the simulation again and shows its steps",
        };
        var defect = new Option<Defect>("--planted")
        {
            Description = "with --replay: the planted defect that the schedule ran with",
        };
        var defects = new Option<bool>("--defects")
        {
            Description = "plants each defect, in the simulation and in whole nodes, and says when it is seen",
        };
        var command = new RootCommand("Gives faults to the product and holds it to what it acknowledged.")
        {
            scenario, seed, minutes, rounds, schedules, store, delay, loss, results, replay, defect,
            defects,
        };
        command.Add(MakeServe());
        command.SetAction(async (given, _) =>
        {
            if (given.GetValue(replay) is { } again)
            {
                return Replay(again, given.GetValue(defect));
            }

            var drawn = given.GetValue(seed) ?? (ulong)Random.Shared.NextInt64(1, 1L << 53);
            if (given.GetValue(defects))
            {
                return await PlantedDefects.ShowAsync(drawn, Console.WriteLine, Console.Error.WriteLine) ? 0 : 1;
            }

            var (names, kind) = (given.GetValue(scenario)!, given.GetRequiredValue(store));
            var run = new HammerRun(
                drawn, given.GetValue(rounds), given.GetValue(schedules), () => false, Console.Error.WriteLine)
            {
                Network = (TimeSpan.FromMilliseconds(given.GetValue(delay)), given.GetValue(loss) / 100),
            };
            return await RunAsync(
                Scenarios.Where(one => names.Contains(one.Name) || (names.Contains("all") && IsOn(one, kind))), run,
                TimeSpan.FromMinutes(given.GetValue(minutes)), given.GetValue(results));
        });
        return command;
    }

    /// <summary>A node with a planted defect, started as the product's own is.</summary>
    private static Command MakeServe()
    {
        var data = new Option<string>("--data") { Required = true };
        var store = new Option<string>("--store") { Required = true };
        var rowKey = new Option<string>("--row-key") { Required = true };
        var urls = new Option<string>("--urls");
        var planted = new Option<Defect>("--planted");
        var command = new Command("serve", "Runs a node with a planted defect.") { data, store, rowKey, urls, planted };
        command.Hidden = true;
        command.SetAction((given, cancellation) => PlantedNode.RunAsync(
            given.GetRequiredValue(data), given.GetRequiredValue(store), given.GetRequiredValue(rowKey),
            given.GetValue(planted), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(
        IEnumerable<IScenario> scenarios, HammerRun run, TimeSpan each, string? resultsPath)
    {
        Console.WriteLine(ScenarioResult.Header);
        var isRight = true;
        var isStopped = false;
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        void Keep(ScenarioResult result)
        {
            if (resultsPath is not null && (result.Rounds > 0 || !result.IsRight))
            {
                new ResultsFile(resultsPath).Add(result);
            }
        }

        foreach (var scenario in scenarios)
        {
            if (isStopped)
            {
                break;
            }

            if (scenario.Unavailable is { } reason)
            {
                Console.Error.WriteLine($"{scenario.Name} is left out: {reason}");
                continue;
            }

            var clock = Stopwatch.StartNew();
            var result = await scenario.RunAsync(
                run with { Until = () => isStopped || clock.Elapsed > each, Keep = Keep });
            Console.WriteLine(result);
            isRight &= result.IsRight;
            Keep(result);
        }

        foreach (var (_, seeds, sum) in resultsPath is null ? [] : new ResultsFile(resultsPath).Totals())
        {
            Console.WriteLine($"{sum with { Seed = 0 }} (over {seeds} seeds)");
        }

        return isRight ? 0 : 1;

        // The round that is under way is finished, and all is looked at as at any end.
        void Stop(PosixSignalContext signal)
        {
            isStopped = true;
            signal.Cancel = true;
        }
    }

    private static bool IsOn(IScenario scenario, string store) =>
        scenario is ClusterScenario or ScaleScenario ? store == "postgres"
        : scenario is not NodeScenario { Store: var own } || own == store;

    private static int Replay(ulong seed, Defect defect)
    {
        var outcome = Schedule.Run(seed, defect, Console.WriteLine);
        foreach (var finding in outcome.Findings)
        {
            Console.WriteLine(finding);
        }

        Console.WriteLine($"schedule {seed}: {outcome.Steps} steps, fingerprint {outcome.Fingerprint:x16}");
        return outcome.IsRight ? 0 : 1;
    }
}
