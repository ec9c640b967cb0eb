namespace Audit.Hammer.Scenarios;

/// <summary>One kind of fault, given to the product again and again.</summary>
internal interface IScenario
{
    string Name { get; }

    /// <summary>Why it cannot be run here; null where it can.</summary>
    string? Unavailable => null;

    Task<ScenarioResult> RunAsync(HammerRun run);
}

/// <param name="Until">Whether it is time to end.</param>
internal sealed record HammerRun(ulong Seed, int Rounds, int Schedules, Func<bool> Until, Action<string> Print)
{
    /// <summary>How long a frame between nodes takes, one way, and the share of them that is lost.</summary>
    public (TimeSpan Delay, double Loss) Network { get; init; }

    /// <summary>Receives what a scenario came to so far.</summary>
    public Action<ScenarioResult> Keep { get; init; } = _ => { };
}

/// <summary>What a scenario came to. The last three are faults of the product: each must be 0.</summary>
internal sealed record ScenarioResult(
    string Scenario, ulong Seed, long Rounds, long Acknowledged, long Lost, long Doubled, long Wrong)
{
    public const string Header = "scenario seed rounds acknowledged lost doubled wrong";

    public bool IsRight => Lost + Doubled + Wrong == 0;

    public static ScenarioResult Parse(string line)
    {
        var fields = line.Split(' ');
        var numbers = Array.ConvertAll(fields[2..], long.Parse);
        return new ScenarioResult(
            fields[0], ulong.Parse(fields[1]), numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
    }

    public override string ToString() => $"{Scenario} {Seed} {Rounds} {Acknowledged} {Lost} {Doubled} {Wrong}";
}

/// <summary>
/// A file in which the results of many runs add up: a line for each scenario and seed, of which a later run takes the
/// place of an earlier one, for the same seed is the same rounds again.
/// </summary>
internal sealed class ResultsFile(string path)
{
    public IReadOnlyList<ScenarioResult> Read() => File.Exists(path)
        ? [.. File.ReadLines(path).Where(line => line.Length > 0 && line != ScenarioResult.Header)
            .Select(ScenarioResult.Parse)]
        : [];

    public void Add(ScenarioResult result)
    {
        var others = Read().Where(one => (one.Scenario, one.Seed) != (result.Scenario, result.Seed));
        File.WriteAllLines(
            path, [ScenarioResult.Header, .. others.Append(result).Select(one => one.ToString())]);
    }

    /// <summary>One for each scenario, over all seeds.</summary>
    public IEnumerable<(string Scenario, int Seeds, ScenarioResult Sum)> Totals() => Read()
        .GroupBy(one => one.Scenario)
        .Select(all => (all.Key, all.Count(), all.Aggregate((sum, one) => sum with
        {
            Rounds = sum.Rounds + one.Rounds,
            Acknowledged = sum.Acknowledged + one.Acknowledged,
            Lost = sum.Lost + one.Lost,
            Doubled = sum.Doubled + one.Doubled,
            Wrong = sum.Wrong + one.Wrong,
        })));
}
