using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Export;

public sealed class ExportTests : IAsyncLifetime
{
    private const string Lines = "application/x-ndjson";

    private readonly DateTimeOffset start = DateTimeOffset.UtcNow;
    private TestNode node = null!;
    private string window = "";

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync();
        var asker = await node.ClientAsync("asker", "ingest");
        var maria = await node.ClientAsync("maria", "approve");
        window = (await asker.PostAsync(
            "/v1/windows", """{"alias":"w-1","task_id":"t-1","agent":"a-1","scope":["sql.*"],"sources":["admin"],"reason":"to look","duration":"2h"}""")).Require(201).Json.Text("window_id");
        (await maria.PostAsync("/v1/windows/w-1/approve", """{"by":"alice"}""")).Require(201);
        await RecordAsync("s-1", "c-1", Records.Asked(), minutes: 1, "t-1", "a-1");
        await RecordAsync("s-1", "c-1", """{"kind":"approved","decision":"approve-once","by":"bob"}""", minutes: 2, null, null);
        await RecordAsync("s-1", "c-1", Records.Completed(output: "=cmd"), minutes: 3, null, null);
        await RecordAsync("s-1", "c-2", Records.Completed(), minutes: -10, "t-1", "a-1");
        await RecordAsync("s-2", "c-1", Records.Completed(), minutes: 4, "t-2", "a-1");
        await node.RecordAsync($$$"""{"session_id":"s-2","note":{"type":"ended","at":"{{{At(5)}}}"}}""");
    }

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task without_a_filter_all_rows_come_as_events_has_them()
    {
        var exported = (await node.GetAsync("/v1/export?format=ndjson")).Require(200);
        var listed = (await node.GetAsync("/v1/events", accept: Lines)).Require(200);

        Assert.Equal(Lines, exported.Type);
        Assert.Equal(WithoutReads(listed), WithoutReads(exported));
        Assert.NotEqual("0", exported.Headers["Audit-Last-Position"]);
    }

    private static IEnumerable<string> WithoutReads(Answer answer) =>
        // Nor what the node writes down on its own when a session has ended, which may be between the two.
        answer.Lines.Where(line => !line.Text("stream").StartsWith("reader|") && !line.Text("stream").StartsWith("operator|contents|")).Select(line => line.GetRawText());

    [Theory]
    [InlineData("session=s-1", "s-1 c-1,s-1 c-1,s-1 c-1,s-1 c-2")]
    [InlineData("session=s-2", "s-2 ,s-2 c-1")]
    [InlineData("task=t-1", "w-1,w-1,s-1 c-1,s-1 c-1,s-1 c-1,s-1 c-2")]
    [InlineData("task=t-2", "s-2 c-1")]
    [InlineData("window=w-1", "w-1,w-1,s-1 c-1,s-1 c-1,s-1 c-1")]
    [InlineData("window=w-1&source=admin", null)]
    [InlineData("window=w-2", null)]
    [InlineData("session=s-1&task=t-2", "")]
    public async Task a_filter_leaves_what_it_names(string filter, string? expected)
    {
        if (expected is null)
        {
            // Of the source that is named there is no window of this name.
            Assert.DoesNotContain("task-window", (await node.GetAsync($"/v1/export?{filter}")).Text);
            return;
        }

        var lines = (await node.GetAsync($"/v1/export?{filter}")).Require(200).Lines.Select(line => line.GetProperty("event"));
        var exported = lines.Select(line => line.TryGetProperty("window_id", out var id)
            ? id.GetString() == window ? "w-1" : "another"
            : $"{line.Text("session_id")} {(line.TryGetProperty("record", out var record) ? record.Text("tool_call_id") : "")}");
        var wanted = expected.Split(',', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(wanted.Order().SequenceEqual(exported.Order()), $"{filter}: {string.Join(',', exported)}");
    }

    [Fact]
    public async Task after_and_before_take_a_position_or_a_time()
    {
        var all = (await node.GetAsync("/v1/export?session=s-1")).Lines;
        var second = all[1].GetProperty("position").GetInt64();
        var time = Uri.EscapeDataString(At(2));

        Assert.Equal(2, (await node.GetAsync($"/v1/export?session=s-1&after={second}")).Lines.Count);
        Assert.Single((await node.GetAsync($"/v1/export?session=s-1&before={second}")).Lines);
        Assert.Single((await node.GetAsync($"/v1/export?session=s-1&after={time}")).Lines);
        Assert.Equal(2, (await node.GetAsync($"/v1/export?session=s-1&before={time}")).Lines.Count);
    }

    [Fact]
    public async Task a_table_has_a_head_and_a_row_for_each_event()
    {
        var answer = (await node.GetAsync("/v1/export?format=csv&session=s-1")).Require(200);
        var rows = answer.Text.Split("\r\n");

        Assert.Equal("text/csv", answer.Type);
        Assert.StartsWith("position,stream,sequence,event,", rows[0]);
        Assert.Equal(6, rows.Length);
        Assert.Contains(",'=cmd,", rows[3]);
        Assert.Empty(rows[^1]);
    }

    [Fact]
    public async Task a_session_is_one_line()
    {
        var line = (await node.GetAsync("/v1/export?format=session&window=w-1")).Require(200).Text;
        var session = (await node.GetAsync("/v1/export?format=session&session=s-2")).Require(200).Text;

        Assert.Single(line.TrimEnd('\n').Split('\n'));
        Assert.StartsWith("identity=a-1 task=t-1 session=s-1 source=admin date=", line);
        Assert.Contains($" window_id={window} approved_by=\"maria for alice\" ", line);
        Assert.EndsWith(" bash \"{\\\"a\\\":1}\" completed (out of scope) (reported by the host as approved by bob)\n", line);
        Assert.StartsWith("identity=a-1 task=t-2 session=s-2 source=admin date=", session);
        Assert.EndsWith(" ended\n", session);
    }

    [Theory]
    [InlineData("format=xml", "ndjson, csv and session")]
    [InlineData("after=yesterday", "RFC 3339")]
    [InlineData("before=-1", "RFC 3339")]
    [InlineData("session=a|b", "session")]
    public async Task a_wrong_parameter_is_named_with_what_is_accepted(string query, string accepted) =>
        Assert.Contains(accepted, (await node.GetAsync($"/v1/export?{query}")).Problem(400));

    [Fact]
    public async Task a_token_sees_what_it_may_see()
    {
        var ingest = await node.ClientAsync("ci", "ingest");
        var bound = await node.ClientAsync("bound", "read", task: "t-2");

        (await ingest.GetAnswerAsync("/v1/export")).Problem(403);
        var seen = (await bound.GetAnswerAsync("/v1/export")).Require(200).Lines;
        Assert.Equal("t-2", Assert.Single(seen).GetProperty("event").Text("task_id"));
    }

    private string At(int minutes) => start.AddMinutes(minutes).ToString("yyyy-MM-ddTHH:mm:ssZ");

    private async Task RecordAsync(string session, string call, string outcome, int minutes, string? task, string? agent) =>
        (await node.RecordAsync(Records.Item(session, call, outcome, At(minutes), task, agent))).Require(201);
}
