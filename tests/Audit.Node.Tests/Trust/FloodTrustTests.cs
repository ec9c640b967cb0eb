using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nothing crowds out evidence.</summary>
public sealed class FloodTrustTests
{
    [Trait("Point", "5")]
    [Fact]
    public async Task a_success_behind_repeated_refusals_is_written_and_found()
    {
        await using var node = await TestNode.StartAsync();
        using var host = await node.ClientAsync("host", "ingest");
        var flood = Enumerable.Range(0, 400).Select(index => Records.Item("s", "c", Records.Blocked($"no {index}"), At(index)));
        var receipts = (await host.AnswerAsync(
            HttpMethod.Post, "/v1/records", System.Text.Encoding.UTF8.GetBytes(Records.Lines(flood)), "application/x-ndjson")).Require(200);

        var run = (await host.PostAsync(
            "/v1/records", Records.Item("s", "c", Records.Completed(output: "EXFILTRATED"), At(500)))).Require(409).Json;

        Assert.Equal(299, receipts.Lines.Count(line => line.TryGetProperty("status", out var status) && status.GetString() == "counted"));
        Assert.Equal("a blocked call reported success", run.Text("reason"));
        var position = run.GetProperty("position").GetInt64();
        Assert.Contains("EXFILTRATED", (await node.GetAsync($"/v1/events/{position}")).Require(200).Text);
        var causes = (await node.GetAsync("/v1/violations")).Ids("cause");
        Assert.Equal(["flooded", "standing_refusal"], causes.Order());
        var call = (await node.GetAsync("/v1/sessions/s/calls/c")).Json;
        Assert.True(call.GetProperty("flooded").GetInt64() >= 256);
        Assert.Equal(2, call.GetProperty("violations").GetInt32());
    }

    private static string At(int second) =>
        new DateTime(2025, 1, 2, 3, 4, 0, DateTimeKind.Utc).AddSeconds(second).ToString("O");
}
