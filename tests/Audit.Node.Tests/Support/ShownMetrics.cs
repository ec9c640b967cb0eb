using System.Globalization;
using System.Text.RegularExpressions;

namespace Audit.Node.Tests.Support;

/// <summary>What `/metrics` showed.</summary>
internal sealed partial class ShownMetrics
{
    /// <summary>What Prometheus adds by itself.</summary>
    private static readonly string[] OfPrometheus = ["up", "instance", "job"];

    private readonly Dictionary<string, string> types = [];
    private readonly List<(string Name, Dictionary<string, string> Labels, double Value)> samples = [];

    public ShownMetrics(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Split(' ') is ["#", "TYPE", var name, var type])
            {
                types.Add(name, type);
            }
            else if (Sample().Match(line) is { Success: true } match)
            {
                samples.Add((
                    match.Groups[1].Value,
                    Label().Matches(match.Groups[2].Value).ToDictionary(one => one.Groups[1].Value, one => one.Groups[2].Value),
                    double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture)));
            }
        }
    }

    /// <summary>The names that have a type.</summary>
    public IReadOnlyCollection<string> Families => types.Keys;

    /// <param name="labels">The values of its labels, or of those that tell it from others.</param>
    public double Value(string name, params string[] labels) =>
        samples.Single(one => one.Name == name && labels.All(one.Labels.ContainsValue)).Value;

    /// <summary>What an expression names that is not measured.</summary>
    public IEnumerable<string> Lacks(string expression)
    {
        foreach (var selector in PromExpression.SelectorsOf(expression).Where(one => !OfPrometheus.Contains(one.Metric)))
        {
            if (!IsThere(selector.Metric))
            {
                yield return $"{selector.Metric} is not measured, which is named in: {expression}";
                continue;
            }

            // Of some there is a sample only when something happened.
            var shown = samples.Where(one => one.Name == selector.Metric).ToList();
            foreach (var matcher in selector.Matchers.Where(_ => shown.Count > 0))
            {
                if (!OfPrometheus.Contains(matcher.Label) && !shown.Any(one => one.Labels.TryGetValue(matcher.Label, out var value)
                    && (matcher.Operator != "=" || value == matcher.Value)))
                {
                    yield return $"{selector.Metric} has no {matcher.Label}{matcher.Operator}\"{matcher.Value}\": {expression}";
                }
            }
        }
    }

    // A counter may have no sample before there is something to count.
    private bool IsThere(string name) => types.GetValueOrDefault(name) switch
    {
        "histogram" => false,
        "counter" => true,
        _ => samples.Any(one => one.Name == name),
    };

    [GeneratedRegex(@"^([a-z_]+)(\{.*\})? (\S+)$")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-z_]+)=\"([^\"]*)\"")]
    private static partial Regex Label();
}
