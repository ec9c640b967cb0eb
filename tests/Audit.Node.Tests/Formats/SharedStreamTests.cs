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
    [InlineData("copilot", "copilot/session-tools.jsonl", 89, 4)]
    [InlineData("copilot", "copilot/permission-flow.jsonl", 4, 0)]
    [InlineData("agent-code", "agent-code/example.jsonl", 5, 2)]
    [InlineData("claude-code", "claude-code/hooks.jsonl", 12, 0)]
    [InlineData("claude-code", "claude-code/transcript-a.jsonl", 32, 28)]
    [InlineData("claude-code", "claude-code/transcript-b.jsonl", 21, 32)]
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
    [InlineData(true)]
    [InlineData(false)]
    public async Task a_session_that_tells_its_calls_itself_and_by_opentelemetry_tells_each_once(bool eventsFirst)
    {
        var events = await File.ReadAllTextAsync(Path.Combine(SharedTheoryAttribute.Folder!, "copilot/session-2169.jsonl"));
        var spans = await File.ReadAllTextAsync(Path.Combine(SharedTheoryAttribute.Folder!, "copilot/session-2169-otlp.jsonl"));
        async Task SendEventsAsync() => (await node.PostAsync(
            "/v1/ingest/copilot?session=ff420841-138b-4cf7-9d16-ded0ecfbf0bc", events, "application/x-ndjson")).Require(200);

        foreach (var isEvents in new[] { eventsFirst, !eventsFirst, eventsFirst })
        {
            if (isEvents)
            {
                await SendEventsAsync();
                continue;
            }

            foreach (var request in spans.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Assert.Equal("{}", (await node.PostAsync("/v1/traces", request)).Require(200).Text);
            }
        }

        var book = (await node.GetAsync("/v1/events?limit=1000", accept: "application/x-ndjson")).Require(200).Lines
            .Select(line => line.GetProperty("event")).ToList();
        Assert.DoesNotContain(book, one => one.Text("event") == "call.violated");
        Assert.Equal(20, book.Where(one => one.Text("event") == "call.confirmed").Select(one => one.Text("tool_call_id")).Distinct().Count());
        Assert.DoesNotContain(book, one => one.GetRawText().Contains("clock_went_back") || one.GetRawText().Contains("channels_differ"));
    }

    [SharedTheory]
    [InlineData("otlp/trace.json", 200)]
    [InlineData("otlp/logs.json", 400)]
    [InlineData("otlp/events.json", 400)]
    [InlineData("otlp/metrics.json", 400)]
    [InlineData("otlp/logs.json", 200, "logs")]
    [InlineData("otlp/events.json", 200, "logs")]
    [InlineData("otlp/metrics.json", 200, "metrics")]
    public async Task only_traces_are_taken_for_traces(string file, int status, string signal = "traces") =>
        (await node.PostAsync($"/v1/{signal}", await File.ReadAllTextAsync(Path.Combine(SharedTheoryAttribute.Folder!, file)))).Require(status);
}
