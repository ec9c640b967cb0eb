using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Formats;

/// <summary>Real streams that lie beside the checkout, through a node: all is recorded, nothing is against the law, and again it is known.</summary>
public sealed class SharedStreamTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    // Items: records and notes, as the tests of the formats count them.
    [SharedTheory]
    [InlineData("copilot", "copilot/session-tools.jsonl", 73, 20)]
    [InlineData("copilot", "copilot/permission-flow.jsonl", 4, 0)]
    [InlineData("agent-code", "agent-code/example.jsonl", 5, 2)]
    [InlineData("claude-code", "claude-code/hooks.jsonl", 12, 0)]
    [InlineData("claude-code", "claude-code/transcript-a.jsonl", 32, 28)]
    [InlineData("claude-code", "claude-code/transcript-b.jsonl", 20, 33)]
    [InlineData("agent-sdk", "agent-sdk/records.jsonl", 8, 0)]
    public async Task a_real_stream_is_recorded_once(string format, string file, int items, int ignored)
    {
        var path = $"/v1/ingest/{format}?session=s-1";
        var text = await File.ReadAllTextAsync(Path.Combine(SharedTheoryAttribute.Folder!, file));

        var first = (await node.PostAsync(path, text, "application/x-ndjson")).Require(200);
        var again = (await node.PostAsync(path, text, "application/x-ndjson")).Require(200);

        Assert.Equal(items, first.Lines.Count - 1);
        Assert.All(first.Statuses.SkipLast(1), status => Assert.True(status is "recorded" or "duplicate", status));
        Assert.All(again.Statuses.SkipLast(1), status => Assert.Equal("duplicate", status));
        Assert.Equal(ignored, first.Lines[^1].GetProperty("count").GetInt64());
    }

    [SharedTheory]
    [InlineData("otlp/trace.json", 200)]
    [InlineData("otlp/logs.json", 400)]
    [InlineData("otlp/events.json", 400)]
    [InlineData("otlp/metrics.json", 400)]
    public async Task only_traces_are_taken_for_traces(string file, int status) =>
        (await node.PostAsync("/v1/traces", await File.ReadAllTextAsync(Path.Combine(SharedTheoryAttribute.Folder!, file)))).Require(status);
}
