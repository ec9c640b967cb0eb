using Audit.Node.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Audit.Node.Tests.Operations;

/// <summary>What fails inside is reported.</summary>
public sealed class FailureTests
{
    [Fact]
    public async Task a_failure_inside_shows_in_the_metrics_and_the_stats_with_its_place()
    {
        EngineInFront front = null!;
        await using var node = await TestNode.StartAsync(around: engine => front = new EngineInFront(engine));
        Assert.DoesNotContain("audit_failures_total{", (await node.GetAsync("/metrics")).Text);
        front.Instead = _ => throw new InvalidOperationException("The engine broke.");
        await node.LinesAsync(Records.Lines(Records.Item("s-1", "c-1", Records.Completed())));

        Assert.Contains(
            "audit_failures_total{place=\"stream of records\"} 1\n", (await node.GetAsync("/metrics")).Require(200).Text);
        Assert.Equal(1, (await node.GetAsync("/v1/stats")).Require(200).Json
            .GetProperty("failures").GetProperty("stream of records").GetInt64());
    }

    [Fact]
    public async Task a_verification_that_breaks_has_ended_with_the_reason()
    {
        await using var node = await TestNode.StartAsync();
        var failures = new FailureLog(NullLogger.Instance, TimeProvider.System);
        // Without an address it breaks in a way that nobody foresaw.
        var settings = node.Running.Services.GetRequiredService<ApiSettings>() with { Store = null! };
        var runs = ActivatorUtilities.CreateInstance<Verifications>(node.Running.Services, settings, failures);
        runs.Start("ann");
        await Patience.UntilAsync(() => Task.FromResult(!runs.Last!.IsRunning), "it has ended");

        Assert.NotEmpty(runs.Last!.Failure!);
        Assert.Equal(1, failures.Counts["verification"]);
    }
}
