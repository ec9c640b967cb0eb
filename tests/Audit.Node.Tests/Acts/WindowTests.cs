using System.Text;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Acts;

public sealed class WindowTests : IAsyncLifetime
{
    private const string Request =
        """{"alias":"w-1","task_id":"t-1","agent":"a-1","scope":["sql.*","bash"],"reason":"to look","duration":"2h","by":"alice"}""";

    private readonly SettableClock clock = new();
    private TestNode node = null!;
    private HttpClient asker = null!;

    public async Task InitializeAsync()
    {
        node = await TestNode.StartAsync(clock: clock);
        asker = await node.ClientAsync("asker", "ingest");
    }

    public async Task DisposeAsync()
    {
        asker.Dispose();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task a_window_has_a_whole_story()
    {
        var asked = (await asker.PostAsync("/v1/windows", Request)).Require(201);
        Assert.Matches("^w-[0-9a-f]{32}$", asked.Json.Text("window_id"));
        Assert.Equal("requested", asked.Json.Text("state"));
        Assert.Equal("requested", await StateAsync("w-1"));

        (await node.PostAsync("/v1/windows/w-1/approve", """{"by":"bob"}""")).Require(201);
        Assert.Equal("open", await StateAsync("w-1"));
        var later = clock.GetUtcNow().AddHours(3).ToString("yyyy-MM-ddTHH:mm:ssZ");
        (await node.PostAsync("/v1/windows/w-1/extend", $$"""{"closes_at":"{{later}}"}""")).Require(201);
        (await node.PostAsync("/v1/windows/w-1/revoke", """{"reason":"enough"}""")).Require(201);

        var window = (await node.GetAsync("/v1/windows/w-1")).Require(200).Json;
        Assert.Equal("revoked", window.Text("state"));
        Assert.Equal("t-1", window.Text("task_id"));
        Assert.Equal("a-1", window.Text("agent"));
        Assert.Equal("sql.*", window.GetProperty("scope")[0].GetString());
        Assert.Equal(("w-1", "asker", "asker"), (window.Text("alias"), window.Text("source"), window.Text("requested_by")));
        Assert.Equal("admin", window.Text("approved_by"));
        Assert.StartsWith(later[..^1], window.Text("closes_at"));
        Assert.False(window.GetProperty("self_granted").GetBoolean());
        var history = window.GetProperty("history").EnumerateArray().ToList();
        Assert.Equal(
            ["window.requested", "window.approved", "window.extended", "window.revoked"], history.Select(one => one.Text("event")));
        Assert.Equal("alice", history[0].Text("on_behalf_of"));
        Assert.Equal("enough", history[3].Text("reason"));
    }

    [Fact]
    public async Task the_clock_alone_opens_and_expires_a_window()
    {
        var opens = clock.GetUtcNow().AddHours(1).ToString("O");
        using var maria = await node.ClientAsync("maria", "approve");
        (await maria.PostAsync(
            "/v1/windows", Request.Replace("\"by\"", $"\"grant\":true,\"sources\":[\"asker\"],\"opens_at\":\"{opens}\",\"by\""))).Require(201);

        Assert.Equal("upcoming", await StateAsync("w-1"));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal("open", await StateAsync("w-1"));
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal("expired", await StateAsync("w-1"));
        var late = (await node.PostAsync("/v1/windows/w-1/close", "")).Require(409);
        Assert.StartsWith("the window expired", late.Json.Text("reason"));
    }

    [Fact]
    public async Task a_grant_says_that_it_granted_itself()
    {
        using var maria = await node.ClientAsync("maria", "approve");
        (await maria.PostAsync("/v1/windows", Request.Replace("\"by\"", "\"grant\":true,\"sources\":[\"asker\"],\"by\""))).Require(201);

        Assert.True((await node.GetAsync("/v1/windows/w-1")).Json.GetProperty("self_granted").GetBoolean());
    }

    [Fact]
    public async Task who_asked_may_not_approve()
    {
        (await node.PostAsync("/v1/windows", Request)).Require(201);
        var answer = (await node.PostAsync("/v1/windows/w-1/approve", "")).Require(409).Json;

        Assert.Equal("violation", answer.Text("status"));
        Assert.Equal("who requested a window, or is behind a source that it is for, may not approve it", answer.Text("reason"));
        Assert.Equal(1, (await node.GetAsync("/v1/windows/w-1")).Json.GetProperty("violations").GetInt32());
    }

    [Fact]
    public async Task the_same_act_again_is_a_duplicate_however_it_is_printed()
    {
        var first = (await asker.PostAsync("/v1/windows", Request)).Require(201).Json;
        var again = (await asker.PostAsync("/v1/windows", Request.Replace(",", " ,\n "))).Require(200).Json;

        Assert.Equal("duplicate", again.Text("status"));
        Assert.Equal(first.GetProperty("position").GetInt64(), again.GetProperty("position").GetInt64());
    }

    [Fact]
    public async Task a_window_without_an_id_gets_one_and_the_same_message_id_gets_the_same()
    {
        var nameless = Request.Replace("\"alias\":\"w-1\",", "");
        var one = (await asker.PostAsync("/v1/windows", nameless)).Require(201);
        var other = (await asker.PostAsync("/v1/windows", nameless)).Require(201);
        var named = nameless.Replace("\"by\"", "\"message_id\":\"m-1\",\"by\"");
        var first = (await asker.PostAsync("/v1/windows", named)).Require(201);
        var again = (await asker.PostAsync("/v1/windows", named)).Require(200);

        Assert.StartsWith("w-", one.Json.Text("window_id"));
        Assert.NotEqual(one.Json.Text("window_id"), other.Json.Text("window_id"));
        Assert.Equal(first.Json.Text("window_id"), again.Json.Text("window_id"));
        (await node.GetAsync(one.Headers["Location"])).Require(200);
    }

    [Theory]
    [InlineData("\"2h\"", 7200)]
    [InlineData("\"90m\"", 5400)]
    [InlineData("\"PT2H30M\"", 9000)]
    [InlineData("600", 600)]
    public async Task a_duration_is_read_as_people_write_it(string duration, double seconds)
    {
        (await asker.PostAsync("/v1/windows", Request.Replace("\"2h\"", duration))).Require(201);

        Assert.Equal(seconds, (await node.GetAsync("/v1/windows/w-1")).Json.GetProperty("duration_seconds").GetDouble());
    }

    [Theory]
    [InlineData("\"task_id\":\"t-1\",", "", "task_id")]
    [InlineData("\"alias\"", "\"window_id\"", "window_id: the node makes the ids of windows")]
    [InlineData("\"alias\":\"w-1\"", "\"alias\":\"w-00000000000000000000000000000000\"", "alias")]
    [InlineData("\"agent\":\"a-1\"", "\"agent\":7", "agent")]
    [InlineData("[\"sql.*\",\"bash\"]", "[]", "scope")]
    [InlineData("[\"sql.*\",\"bash\"]", "[\"a\",7]", "scope[1]")]
    [InlineData("\"reason\":\"to look\",", "", "reason")]
    [InlineData("\"2h\"", "\"two hours\"", "duration")]
    [InlineData("\"2h\"", "-5", "duration")]
    [InlineData("\"2h\"", "1e300", "duration")]
    [InlineData("\"duration\":\"2h\",", "", "closes_at")]
    [InlineData("\"duration\":\"2h\"", "\"closes_at\":\"tomorrow\"", "closes_at")]
    [InlineData("\"by\"", "\"closes_at\":\"2031-01-01T00:00:00Z\",\"by\"", "duration")]
    [InlineData("\"by\":\"alice\"", "\"grant\":\"yes\"", "grant")]
    [InlineData("\"by\":\"alice\"", "\"by\":\"alice\",\"by\":\"bob\"", "by")]
    [InlineData("\"alice\"}", "\"alice\"} more", "not JSON")]
    [InlineData("\"alice\"", "\"\\ud800\"", "by")]
    public async Task what_is_wrong_is_named_and_nothing_is_written(string right, string wrong, string place)
    {
        var answer = await asker.PostAsync("/v1/windows", Request.Replace(right, wrong));

        Assert.Equal("invalid", answer.Require(422).Json.Text("status"));
        Assert.Contains(place, answer.Json.Text("error"));
        (await node.GetAsync("/v1/windows/w-1")).Problem(404);
    }

    [Theory]
    [InlineData("deny", "reason")]
    [InlineData("revoke", "reason")]
    [InlineData("extend", "closes_at")]
    public async Task an_act_that_needs_a_word_says_so(string act, string place)
    {
        (await asker.PostAsync("/v1/windows", Request)).Require(201);

        Assert.Contains(place, (await node.PostAsync($"/v1/windows/w-1/{act}", "")).Require(422).Json.Text("error"));
    }

    [Fact]
    public async Task only_the_right_roles_act_on_windows()
    {
        using var approver = await node.ClientAsync("approver", "approve");
        using var reader = await node.ClientAsync("reader", "read");
        (await reader.PostAsync("/v1/windows", Request)).Problem(403);
        (await approver.PostAsync("/v1/windows", Request)).Problem(403);
        (await asker.PostAsync("/v1/windows", Request.Replace("\"by\"", "\"grant\":true,\"by\""))).Problem(403);
        (await asker.PostAsync("/v1/windows", Request)).Require(201);
        (await asker.PostAsync("/v1/windows/w-1/approve", "")).Problem(403);
        (await asker.GetAnswerAsync("/v1/windows/w-1")).Problem(403);
        (await approver.PostAsync("/v1/windows/w-1/approve", "")).Require(201);
        (await asker.PostAsync("/v1/windows/w-1/close", "")).Require(201);
    }

    [Fact]
    public async Task a_bound_token_asks_for_its_own_task_and_agent_only()
    {
        using var bound = await node.ClientAsync("bound", "ingest", agent: "a-1", task: "t-1");
        (await bound.PostAsync("/v1/windows", Request.Replace("t-1", "t-2"))).Problem(403);
        (await bound.PostAsync("/v1/windows", Request.Replace("a-1", "a-2"))).Problem(403);
        (await bound.PostAsync("/v1/windows", Request)).Require(201);
        var other = (await asker.PostAsync("/v1/windows", Request.Replace("w-1", "w-2").Replace("t-1", "t-2"))).Require(201);
        (await bound.PostAsync($"/v1/windows/{other.Json.Text("window_id")}/close", "")).Problem(404);
        (await bound.PostAsync("/v1/windows/w-2/close", "")).Problem(404);
        (await bound.PostAsync("/v1/windows/w-1/close", "")).Require(201);
    }

    [Fact]
    public async Task an_id_with_slashes_and_dots_goes_by_query_and_encoded()
    {
        (await asker.PostAsync("/v1/windows", Request.Replace("w-1", "../a/b%2Fc"))).Require(201);
        var id = Uri.EscapeDataString("../a/b%2Fc");

        (await node.PostAsync($"/v1/window/approve?window={id}", "")).Require(201);
        Assert.Equal("open", (await node.GetAsync($"/v1/window?window={id}")).Require(200).Json.Text("state"));
        Assert.Equal("open", (await node.GetAsync($"/v1/windows/{id}")).Require(200).Json.Text("state"));
        Assert.StartsWith("window:", (await node.GetAsync("/v1/window")).Problem(400));
    }

    [Fact]
    public async Task a_body_that_is_too_large_or_of_another_kind_is_refused()
    {
        (await node.PostAsync("/v1/windows", "{\"reason\":\"" + new string('x', 70_000) + "\"}")).Problem(413);
        (await node.PostAsync("/v1/windows", "{\"reason\":\"" + new string('x', 2_000_000) + "\"}")).Problem(413);
        (await node.PostAsync("/v1/windows", "a=b", "application/x-www-form-urlencoded")).Problem(415);
        var compressed = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/windows", Encoding.UTF8.GetBytes(Request), "application/json",
            change: request => request.Content!.Headers.ContentEncoding.Add("gzip"));
        compressed.Problem(415);
    }

    private async Task<string> StateAsync(string id) => (await node.GetAsync($"/v1/windows/{id}")).Require(200).Json.Text("state");
}
