using System.Text.Json;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Reading;

public sealed class TailTests : IAsyncLifetime
{
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task what_is_there_comes_and_then_what_is_written()
    {
        await PostAsync(0, 3);
        using var tail = await EventStream.OpenAsync(node.Http, "/v1/events?session=s-1");
        var first = (await tail.NextAsync())!.Value;
        Assert.Equal("call.transitioned", first.Name);
        Assert.Equal(first.Id, JsonDocument.Parse(first.Data).RootElement.GetProperty("position").GetInt64());
        await tail.NextAsync();
        await tail.NextAsync();
        await PostAsync(3, 1);

        Assert.Contains("\"c-3\"", (await tail.NextAsync())!.Value.Data);
    }

    [Fact]
    public async Task now_shows_only_what_is_still_to_come()
    {
        await PostAsync(0, 3);
        using var tail = await EventStream.OpenAsync(node.Http, "/v1/events?after=now&tool=ba*");
        await PostAsync(3, 1);

        Assert.Contains("\"c-3\"", (await tail.NextAsync())!.Value.Data);
    }

    [Fact]
    public async Task across_a_restart_nothing_is_lost_and_nothing_comes_twice()
    {
        await PostAsync(0, 700);
        var seen = new List<(long Id, string Data)>();
        using (var tail = await EventStream.OpenAsync(node.Http, "/v1/events?tool=*"))
        {
            while (seen.Count < 500)
            {
                var (id, _, data) = (await tail.NextAsync())!.Value;
                seen.Add((id, data));
            }

            var stopping = node.Running.DisposeAsync();
            while (await tail.NextAsync() is { Name: not "ended" } more)
            {
                seen.Add((more.Id, more.Data));
            }

            await stopping;
        }

        await node.RestartAsync();
        await PostAsync(700, 300);
        // The query it began with is still there; the header says where it really was.
        using (var tail = await EventStream.OpenAsync(node.Http, "/v1/events?tool=*&after=0", seen[^1].Id))
        {
            while (seen.Count < 1000)
            {
                var (id, _, data) = (await tail.NextAsync())!.Value;
                seen.Add((id, data));
            }
        }

        Assert.Equal(seen.Select(one => one.Id).Order().Distinct(), seen.Select(one => one.Id));
        Assert.Equal(
            Enumerable.Range(0, 1000).Select(number => $"c-{number}"),
            seen.Select(one => JsonDocument.Parse(one.Data).RootElement.GetProperty("event").GetProperty("record").Text("tool_call_id")));
    }

    [Fact]
    public async Task a_tail_ends_where_it_was_to_end_whether_that_is_there_already_or_comes()
    {
        await PostAsync(0, 3);
        long second;
        using (var tail = await EventStream.OpenAsync(node.Http, "/v1/events?session=s-1"))
        {
            await tail.NextAsync();
            second = (await tail.NextAsync())!.Value.Id;
        }

        Assert.Equal(["c-0", "c-1"], await ToItsEndAsync($"/v1/events?session=s-1&until={second}"));
        Assert.Empty(await ToItsEndAsync($"/v1/events?session=s-1&until={second}", second));

        var last = (await node.GetAsync("/v1/stats")).Json.GetProperty("journal").GetProperty("position").GetInt64();
        using var live = await EventStream.OpenAsync(node.Http, $"/v1/events?session=s-1&after={second}&until={last + 1}");
        Assert.Contains("\"c-2\"", (await live.NextAsync())!.Value.Data);
        await PostAsync(3, 3);
        while (await live.NextAsync() is { } one)
        {
            Assert.True(one.Name == "ended" || one.Id <= last + 1, one.ToString());
        }

        async Task<List<string>> ToItsEndAsync(string path, long? lastEventId = null)
        {
            var (calls, ended) = (new List<string>(), "");
            using var tail = await EventStream.OpenAsync(node.Http, path, lastEventId);
            while (await tail.NextAsync() is { } one)
            {
                var said = JsonDocument.Parse(one.Data).RootElement;
                if (one.Name == "ended")
                {
                    ended = said.Text("reason");
                }
                else
                {
                    calls.Add(said.GetProperty("event").GetProperty("record").Text("tool_call_id")!);
                }
            }

            Assert.Equal("the position that was asked for is reached", ended);
            return calls;
        }
    }

    [Fact]
    public async Task a_wrong_last_event_id_is_named()
    {
        var answer = await node.Http.AnswerAsync(
            HttpMethod.Get, "/v1/events", accept: "text/event-stream", change: request => request.Headers.Add("Last-Event-ID", "x"));

        Assert.StartsWith("Last-Event-ID", answer.Problem(400));
    }

    private async Task PostAsync(int first, int count) => (await node.LinesAsync(Records.Lines(
        Enumerable.Range(first, count).Select(i => Records.Item("s-1", $"c-{i}", Records.Completed()))))).Require(200);
}
