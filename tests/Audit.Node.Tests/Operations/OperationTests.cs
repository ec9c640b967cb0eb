using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

public sealed class OperationTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task health_needs_no_token()
    {
        using var nobody = node.ClientWith(null);

        Assert.Equal("""{"status":"live"}""", (await nobody.GetAnswerAsync("/health/live")).Require(200).Text);
        var ready = (await nobody.GetAnswerAsync("/health/ready")).Require(200).Json;
        Assert.Equal("ready", ready.Text("status"));
        Assert.Equal("answers", ready.GetProperty("journal").Text("status"));
        // How long the book is, is for who has a token.
        Assert.DoesNotContain("position", (await nobody.GetAnswerAsync("/health/ready")).Text);
        Assert.DoesNotContain("position", (await nobody.GetAnswerAsync("/health/sealing")).Text);
        Assert.True((await node.GetAsync("/health/ready")).Json.GetProperty("journal").TryGetProperty("position", out _));
        Assert.True((await node.GetAsync("/health/sealing")).Json.TryGetProperty("position", out _));
    }

    [Fact]
    public async Task stats_and_metrics_count_what_was_done()
    {
        await node.LinesAsync(Records.Lines(Records.Item("s-1", "c-1", Records.Completed()), "{"));
        var stats = (await node.GetAsync("/v1/stats")).Require(200).Json;
        var metrics = (await node.GetAsync("/metrics")).Require(200);

        Assert.Equal("sqlite", stats.GetProperty("journal").Text("store"));
        Assert.Equal(3, stats.GetProperty("journal").GetProperty("position").GetInt64());
        Assert.Equal(1, stats.GetProperty("receipts").GetProperty("recorded").GetInt64());
        Assert.Equal(1, stats.GetProperty("receipts").GetProperty("invalid").GetInt64());
        Assert.Equal("text/plain", metrics.Type);
        Assert.Contains("audit_receipts_total{status=\"recorded\"} 1\n", metrics.Text);
        Assert.All(
            metrics.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            line => Assert.Matches(@"^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+=""[^""]*""(,[a-z]+=""[^""]*"")*\})? [0-9.E+-]+)$", line));
    }

    [Fact]
    public async Task the_description_lists_every_path_with_a_summary()
    {
        (await node.ClientWith(null).GetAnswerAsync("/openapi/v1.json")).Problem(401);
        using var anybody = await node.ClientAsync("anybody", "approve");
        var paths = (await anybody.GetAnswerAsync("/openapi/v1.json")).Require(200).Json.GetProperty("paths");

        string[] expected =
        [
            "/v1/records", "/v1/windows", "/v1/windows/{window}", "/v1/windows/{window}/approve", "/v1/window/close",
            "/v1/sessions/{session}/calls/{call}/events", "/v1/call/events", "/v1/sessions/{session}/calls/{call}/decision",
            "/v1/call/decision", "/v1/events", "/v1/events/{position}", "/v1/events/{position}/raw", "/v1/tokens",
            "/v1/tokens/{name}", "/v1/stats", "/metrics", "/health/live", "/health/ready",
        ];
        Assert.Empty(expected.Except(paths.EnumerateObject().Select(path => path.Name)));
        Assert.All(
            paths.EnumerateObject().SelectMany(path => path.Value.EnumerateObject()),
            operation => Assert.NotEmpty(operation.Value.Text("summary")));
    }

    [Fact]
    public async Task an_unknown_path_and_a_wrong_method_are_problems()
    {
        Assert.Contains("/v1/nothing", (await node.GetAsync("/v1/nothing")).Problem(404));
        var wrong = await node.Http.AnswerAsync(HttpMethod.Put, "/v1/records", "{}"u8.ToArray());
        Assert.Contains("POST", wrong.Problem(405));
        Assert.Equal("POST", wrong.Headers["Allow"]);
    }

    [Fact]
    public async Task the_node_writes_where_it_listens_as_long_as_it_runs()
    {
        var file = Path.Combine(node.Data, "node.json");
        var instance = JsonDocument.Parse(await File.ReadAllTextAsync(file)).RootElement;

        Assert.Equal(Environment.ProcessId, instance.GetProperty("pid").GetInt32());
        Assert.Equal(node.Running.Urls[0], instance.GetProperty("urls")[0].GetString());
        await node.StopAsync();
        Assert.False(File.Exists(file));
        await node.RestartAsync();
    }
}
