using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

/// <summary>What must hold over HTTP on every store.</summary>
public abstract class FlowContract : IAsyncLifetime
{
    private TestNode node = null!;

    protected abstract Task<string?> StoreAsync();

    public async Task InitializeAsync() => node = await TestNode.StartAsync(await StoreAsync());

    public virtual async Task DisposeAsync() => await node.DisposeAsync();

    [ContractFact]
    public async Task a_record_is_recorded_then_a_duplicate_and_what_the_law_refuses_a_violation()
    {
        var blocked = Records.Item("s-1", "c-1", Records.Blocked());
        var success = Records.Item("s-1", "c-1", Records.Completed(), at: "2025-01-02T03:04:06Z");

        var first = await node.RecordAsync(blocked);
        var again = await node.RecordAsync(blocked);
        var against = await node.RecordAsync(success);

        var receipt = first.Require(201).Json;
        Assert.Equal("recorded", receipt.Text("status"));
        Assert.Equal("blocked", receipt.Text("state"));
        Assert.Equal(1, receipt.GetProperty("sequence").GetInt32());
        Assert.Equal(1, receipt.GetProperty("attempt").GetInt32());
        Assert.Equal(0, receipt.GetProperty("anomalies").GetArrayLength());
        Assert.Equal("duplicate", again.Require(200).Json.Text("status"));
        Assert.Equal(receipt.GetProperty("position").GetInt64(), again.Json.GetProperty("position").GetInt64());
        Assert.Equal("violation", against.Require(409).Json.Text("status"));
        Assert.Equal("completed", against.Json.Text("message"));
        Assert.Equal("a blocked call reported success", against.Json.Text("reason"));
    }

    [ContractFact]
    public async Task after_a_restart_all_is_there_and_duplicates_are_still_duplicates()
    {
        var lines = Records.Lines(Enumerable.Range(0, 50).Select(i => Records.Item("s-1", $"c-{i}", Records.Completed())));
        var before = await node.LinesAsync(lines);

        await node.RestartAsync();
        var after = await node.LinesAsync(lines);

        Assert.All(before.Statuses, status => Assert.Equal("recorded", status));
        Assert.All(after.Statuses, status => Assert.Equal("duplicate", status));
        Assert.Equal(
            before.Lines.Select(line => line.GetProperty("position").GetInt64()),
            after.Lines.Select(line => line.GetProperty("position").GetInt64()));
    }

    [ContractFact]
    public async Task the_octets_of_a_record_come_back_as_they_were_sent()
    {
        const string Odd = """{ "tool_call_id" : "c-1",	"tool_name":"b\u0061sh","outcome":{"kind":"started"} , "x":[1.50,1E2,"\/é"],"recorded_at":"2025-01-02T03:04:05.000000001Z"}""";
        var position = (await node.RecordAsync(Odd, session: "s-1")).Require(201).Json.GetProperty("position").GetInt64();

        var raw = await node.GetAsync($"/v1/events/{position}/raw");
        var events = await node.GetAsync("/v1/sessions/s-1/calls/c-1/events");

        Assert.Equal(Odd, raw.Require(200).Text);
        Assert.Contains(Odd, events.Require(200).Text);
    }

    [ContractFact]
    public async Task the_journal_is_listed_in_its_order_from_any_position()
    {
        await node.LinesAsync(Records.Lines(Enumerable.Range(0, 25).Select(i => Records.Item("s-1", $"c-{i}", Records.Completed()))));

        var positions = new List<long>();
        for (var path = "/v1/events?limit=10&session=s-1"; path is not null;)
        {
            var page = (await node.GetAsync(path)).Require(200).Json;
            positions.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("position").GetInt64()));
            path = page.Text("next") is { } next ? $"/v1/events?limit=10&session=s-1&cursor={next}" : null;
        }

        Assert.Equal(25, positions.Count);
        Assert.Equal(positions.Order().Distinct(), positions);
    }

    [ContractFact]
    public async Task a_window_is_asked_for_by_one_and_approved_by_another()
    {
        var asking = await node.ClientAsync("asker", "ingest");
        var asked = await asking.PostAsync(
            "/v1/windows", """{"alias":"w-1","task_id":"t-1","agent":"a-1","scope":["sql.*"],"reason":"to look","duration":"2h"}""");
        var approved = await node.PostAsync("/v1/windows/w-1/approve", "");

        Assert.Equal("requested", asked.Require(201).Json.Text("state"));
        Assert.Equal("approved", approved.Require(201).Json.Text("state"));
        Assert.Equal("open", (await node.GetAsync("/v1/windows/w-1")).Json.Text("state"));
    }

    [ContractFact]
    public async Task a_revoked_token_is_refused_at_once()
    {
        var client = await node.ClientAsync("ci-7", "ingest");
        var before = await client.PostAsync("/v1/records", Records.Item("s-1", "c-1", Records.Completed()));
        var revoked = await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/ci-7");
        var after = await client.PostAsync("/v1/records", Records.Item("s-1", "c-2", Records.Completed()));

        before.Require(201);
        revoked.Require(204);
        after.Problem(401);
    }
}
