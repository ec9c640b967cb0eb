using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Faults;

/// <summary>Steps of the node's clock are in the book (issue 14, point 8).</summary>
public sealed class ClockStepTests
{
    [Fact]
    public async Task a_clock_that_is_set_is_written_down_while_the_node_runs_and_when_it_starts()
    {
        var clock = new SteppedClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        clock.By = TimeSpan.FromHours(1);
        await Patience.UntilAsync(async () => (await StepsAsync(node)).Count == 1, "the step is written down");
        clock.By = TimeSpan.Zero;
        await Patience.UntilAsync(async () => (await StepsAsync(node)).Count == 2, "so is the one back");
        Assert.Contains("audit_clock_steps_total 2\n", (await node.GetAsync("/metrics")).Require(200).Text);
        await node.StopAsync();
        clock.By = -TimeSpan.FromDays(1);
        await node.StartAgainAsync();
        await Patience.UntilAsync(async () => (await StepsAsync(node)).Count == 3, "and that it starts behind the book");

        var steps = await StepsAsync(node);
        Assert.Equal(["last_look", "last_look", "last_row"], steps.Select(step => step.Text("since")));
        Assert.Equal([1, -1, -24], steps.Select(step => Math.Round(step.GetProperty("by_ms").GetInt64() / 3_600_000.0)));
    }

    private static async Task<List<JsonElement>> StepsAsync(TestNode node) =>
        [.. (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event")).Where(one => one.TryGetProperty("act", out var act) && act.ValueEquals("node.clock_stepped"))
            .Select(one => one.GetProperty("detail"))];

    /// <summary>Its hands are moved, and time goes on as it did.</summary>
    private sealed class SteppedClock : TimeProvider
    {
        public TimeSpan By { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + By;
    }
}
