using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

public sealed class SingleRecordTests : IAsyncLifetime
{
    private EngineInFront front = null!;
    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync(around: engine => front = new EngineInFront(engine));

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task an_item_that_cannot_be_read_is_invalid_and_the_place_is_named()
    {
        var answer = await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), at: "yesterday"));

        Assert.Equal("invalid", answer.Require(422).Json.Text("status"));
        Assert.Equal("record.recorded_at: not an RFC 3339 time: \"yesterday\"", answer.Json.Text("error"));
    }

    [Fact]
    public async Task what_a_call_repeats_beyond_all_measure_is_counted()
    {
        var lines = Records.Lines(Enumerable.Range(0, 1001).Select(i => Records.Item(
            "s-1", "c-1", """{"kind":"requested"}""", at: $"2025-01-02T03:04:05.{i:000000}Z")));
        var answer = await node.LinesAsync(lines);
        var single = await node.RecordAsync(Records.Item("s-1", "c-1", """{"kind":"requested"}""", at: "2025-01-02T04:04:05Z"));

        Assert.Equal("counted", answer.Statuses[^1]);
        Assert.Equal("counted", single.Require(202).Json.Text("status"));
        Assert.NotEmpty(single.Json.Text("error"));
    }

    [Fact]
    public async Task a_bare_record_needs_its_session_in_the_header()
    {
        var record = Records.Record("c-1", Records.Completed());

        (await node.RecordAsync(record)).Require(422);
        (await node.RecordAsync(record, session: "s-1")).Require(201);
    }

    [Fact]
    public async Task a_session_note_is_recorded()
    {
        var answer = await node.RecordAsync("""{"session_id":"s-1","note":{"type":"started","at":"2025-01-02T03:04:05Z","detail":{"x":1}}}""");

        Assert.Equal("recorded", answer.Require(201).Json.Text("status"));
    }

    [Fact]
    public async Task without_a_content_type_a_body_is_taken_for_json()
    {
        var body = Encoding.UTF8.GetBytes(Records.Item("s-1", "c-1", Records.Completed()));

        (await node.Http.AnswerAsync(HttpMethod.Post, "/v1/records", body)).Require(201);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xml; charset=utf-8")]
    public async Task another_content_type_is_refused_and_told_what_is_accepted(string type)
    {
        var problem = (await node.PostAsync("/v1/records", "{}", type)).Problem(415);

        Assert.Contains("application/x-ndjson", problem);
    }

    [Fact]
    public async Task zstd_is_refused_and_told_what_is_accepted()
    {
        var answer = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/records", "{}"u8.ToArray(), "application/json",
            change: request => request.Content!.Headers.ContentEncoding.Add("zstd"));

        Assert.Contains("gzip or br", answer.Problem(415));
    }

    [Fact]
    public async Task a_header_that_is_no_id_is_named()
    {
        Assert.StartsWith("Audit-Session", (await node.RecordAsync(Records.Record("c-1", Records.Completed()), session: "a|b")).Problem(400));
    }

    [Fact]
    public async Task a_full_node_says_429_and_when_to_come_again()
    {
        front.IsFull = true;
        var answer = await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));

        answer.Problem(429);
        Assert.True(int.Parse(answer.Headers["Retry-After"]) > 0);
    }

    [Fact]
    public async Task with_the_journal_away_it_says_503_and_when_to_come_again()
    {
        front.Instead = batch => Task.FromResult<Receipt[]?>([.. batch.Select(_ => Receipt.Unknown("The journal did not answer."))]);
        var unknown = await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        var array = await node.RecordAsync($"[{Records.Item("s-1", "c-1", Records.Completed())}]");
        front.Instead = _ => throw new JournalUnavailableException("The journal did not answer.");
        var thrown = await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));

        foreach (var answer in new[] { unknown, array, thrown })
        {
            Assert.Equal("The journal did not answer.", answer.Problem(503));
            Assert.True(int.Parse(answer.Headers["Retry-After"]) > 0);
        }
    }

    [Fact]
    public async Task a_stopping_engine_says_503()
    {
        front.Instead = _ => throw new EngineStoppedException();

        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Problem(503);
    }

    [Fact]
    public async Task what_nobody_expected_is_a_problem_without_its_internals()
    {
        front.Instead = _ => throw new InvalidTimeZoneException("secret words");

        Assert.DoesNotContain("secret", (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Problem(500));
    }
}
