using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>What fails inside is heard.</summary>
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
}
