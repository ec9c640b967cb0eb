using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

public sealed class LargeItemTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Theory]
    [InlineData(300 << 10)]
    [InlineData(10 << 20)]
    public async Task a_large_item_is_recorded_with_its_long_strings_cut(int bytes)
    {
        var item = Records.OfSize("s-1", "c-1", bytes);

        var single = await node.RecordAsync(item);
        var again = await node.LinesAsync(item);
        var array = await node.RecordAsync($"[{item}]");

        Assert.Equal("recorded", single.Require(201).Json.Text("status"));
        Assert.Equal("truncated", single.Json.GetProperty("anomalies")[0].GetString());
        Assert.Equal(["duplicate"], again.Statuses);
        Assert.Equal("duplicate", array.Json[0].Text("status"));
    }

    [Fact]
    public async Task a_large_item_among_small_ones_lands_with_them()
    {
        var answer = await node.LinesAsync(Records.Lines(
            Records.Item("s-1", "c-1", Records.Completed()),
            Records.OfSize("s-1", "c-2", 10 << 20),
            Records.Item("s-1", "c-3", Records.Completed()),
            Records.OfSize("s-1", "c-4", 300 << 10)));

        Assert.Equal(["recorded", "recorded", "recorded", "recorded"], answer.Statuses);
    }

    [Fact]
    public async Task an_item_too_large_to_be_read_is_recorded_as_oversized()
    {
        var item = Records.OfSize("s-1", "c-1", 20 << 20);

        var line = await node.LinesAsync(Records.Lines(item, Records.Item("s-1", "c-2", Records.Completed())));
        var single = await node.RecordAsync(item);
        var array = await node.RecordAsync($"[{item}]");
        var events = (await node.GetAsync("/v1/sessions/s-1/calls/c-1/events")).Require(200).Json.GetProperty("items");

        Assert.Equal(["recorded", "recorded"], line.Require(200).Statuses);
        Assert.Equal("oversized", line.Lines[0].GetProperty("anomalies")[0].GetString());
        Assert.Equal("duplicate", single.Require(200).Json.Text("status"));
        Assert.Equal("duplicate", array.Require(200).Json[0].Text("status"));
        Assert.Equal("call.oversized.v2", Assert.Single(events.EnumerateArray()).Text("manifest"));
    }

    [Fact]
    public async Task an_item_that_is_too_large_and_nameless_is_invalid()
    {
        var answer = await node.LinesAsync(Records.Lines(
            new string('x', 17 << 20), Records.Item("s-1", "c-1", Records.Completed())));

        Assert.Equal(["invalid", "recorded"], answer.Statuses);
    }
}
