using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Reading;

/// <summary>What changed between two moments: by the API and by the pages, which say the same.</summary>
public sealed class DifferenceTests
{
    private const string Grant =
        """{"alias":"w-1","task_id":"t","agent":"a","scope":["*"],"sources":["*"],"reason":"why","duration":"2h","grant":true}""";

    private static readonly string Now = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'");

    [Fact]
    public async Task a_session_says_what_began_ended_was_marked_refused_and_changed()
    {
        await using var node = await TestNode.StartAsync();
        await SayAsync(node, "waits", Records.Asked());
        await SayAsync(node, "done", Records.Completed());
        var then = await LastAsync(node);
        var window = (await node.Http.PostAsync("/v1/windows", Grant)).Require(201).Json.Text("window_id");
        await SayAsync(node, "waits", Records.Completed(success: false));
        await SayAsync(node, "new", Records.Blocked());
        await SayAsync(node, "new", Records.Completed());
        await SayAsync(node, "open", Records.Asked());
        await AlterAsync(node, "altered");
        (await node.Http.PostAsync($"/v1/windows/{window}/revoke", """{"reason":"enough"}""")).Require(201);

        var found = (await node.GetAsync($"/v1/sessions/s/diff?source=admin&from={then}")).Require(200).Json;
        var changes = ChangesOf(found);
        Assert.Equal(("session", "s", then), (found.Text("about"), found.Text("id"), found.GetProperty("from").GetProperty("position").GetInt64()));
        Assert.Contains(("call", "waits", "ended", "awaiting_confirmation", "failed"), changes);
        Assert.Contains(("call", "waits", "mark", null, "failed"), changes);
        Assert.Contains(("call", "open", "began", null, "awaiting_confirmation"), changes);
        Assert.Contains(("call", "new", "began", null, null), changes);
        Assert.Contains(changes, one => one is ("call", "new", "violation", "blocked", _));
        Assert.Contains(("call", "altered", "mark", null, "changed"), changes);
        Assert.Contains(("call", "altered", "input", "ls", "rm"), changes);
        Assert.Contains(changes, one => one is ("window", _, "opened", _, "approved by admin"));
        Assert.Contains(("window", window!, "closed", null, "revoked"), changes);
        Assert.DoesNotContain(changes, one => one.Id == "done");
        Assert.Equal(changes.Count(one => one.Change == "mark"), found.GetProperty("counts").GetProperty("mark").GetInt32());

        // Between two moments in which nothing was written nothing changed.
        Assert.Empty(ChangesOf((await node.GetAsync($"/v1/sessions/s/diff?source=admin&from={then}&until={then}")).Require(200).Json));
        Assert.Contains("later than until", (await node.GetAsync($"/v1/sessions/s/diff?source=admin&from={then}&until=1")).Problem(400));
        Assert.Contains("from: a position", (await node.GetAsync("/v1/session/diff?session=s&source=admin&from=soon")).Problem(400));
        (await node.GetAsync("/v1/sessions/none/diff?source=admin")).Problem(404);

        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        var session = (await browser.GetAsync($"/session?source=admin&id=s&at={then}")).Require(200).Text;
        Assert.Contains($"/diff?source=admin&amp;session=s&amp;from={then}", session);
        var page = (await browser.GetAsync($"/diff?source=admin&session=s&from={then}")).Require(200).Text;
        Assert.Contains($"{changes.Count} changes", page);
        Assert.Contains("call=altered", page);
        Assert.Contains("revoked", page);
        (await browser.GetAsync("/diff?session=none&source=admin")).Require(404);
        (await browser.GetAsync("/diff?session=s&source=admin&from=soon")).Require(400);
    }

    [Fact]
    public async Task a_task_says_what_its_windows_became_by_whom_and_by_the_clock()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        using var host = await node.ClientAsync("ci", "ingest");
        var asked = (await host.PostAsync("/v1/windows", Grant.Replace("\"grant\":true", "\"by\":\"x\""))).Require(201).Json.Text("window_id");
        var requested = await LastAsync(node);
        (await node.Http.PostAsync($"/v1/windows/{asked}/approve", "{}")).Require(201);
        var approved = await LastAsync(node);

        var opened = ChangesOf((await node.GetAsync($"/v1/tasks/t/diff?from={requested}")).Require(200).Json);
        Assert.Equal([("window", asked!, "opened", "requested", "approved by admin")], opened);
        Assert.Equal(
            ["began", "opened"], ChangesOf((await node.GetAsync("/v1/task/diff?task=t")).Require(200).Json).Select(one => one.Change));
        clock.Advance(TimeSpan.FromHours(3));
        var expired = ChangesOf((await node.GetAsync($"/v1/tasks/t/diff?from={approved}")).Require(200).Json);
        Assert.Equal([("window", asked!, "closed", "open", "expired")], expired);
        (await node.GetAsync("/v1/tasks/none/diff")).Problem(404);

        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("/diff?task=t", (await browser.GetAsync("/task?id=t")).Require(200).Text);
        Assert.Contains("expired", (await browser.GetAsync($"/diff?task=t&from={approved}")).Require(200).Text);
    }

    [Fact]
    public async Task who_is_bound_is_told_of_its_own_and_of_no_policy()
    {
        await using var node = await TestNode.StartAsync();
        await SayAsync(node, "mine", Records.Asked());
        await node.RecordAsync(Records.Item("s", "theirs", Records.Asked(), Now, task: "t", agent: "other"));
        using var bound = await node.ClientAsync("reader", "read", agent: "a");
        var own = (await bound.GetAnswerAsync("/v1/session/diff?session=s&source=admin")).Require(200);
        Assert.Equal(["mine"], ChangesOf(own.Json).Select(one => one.Id).Distinct());
        Assert.DoesNotContain("theirs", own.Text);
        Assert.Equal(JsonValueKind.Null, own.Json.GetProperty("until").GetProperty("position").ValueKind);
        Assert.Equal(["mine"], ChangesOf((await bound.GetAnswerAsync("/v1/task/diff?task=t")).Require(200).Json).Select(one => one.Id).Distinct());
        (await bound.GetAnswerAsync("/v1/policy/diff")).Problem(403);
    }

    [Fact]
    public async Task versions_of_the_policy_differ_by_rules_settings_and_tools()
    {
        using var directory = new TemporaryDirectory();
        var path = directory.File("policy.json");
        var (first, second) = (
            """{"preset":"deny-all","tools":{"cat":"read"},"rules":[{"name":"one","tool":"cat","then":"approve-once"},{"name":"two","tool":"curl","then":"reject"},{"name":"gone","tool":"x","then":"reject"}]}""",
            """{"preset":"approve-all","tools":{"cat":"read","rm":"delete"},"rules":[{"name":"two","tool":"curl","then":"ask"},{"name":"one","tool":"cat","then":"approve-once"},{"name":"new","tool":"y","then":"reject"}]}""");
        File.WriteAllText(path, first);
        await using var node = await TestNode.StartAsync(change: options => options with { Policy = path });
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        (await host.PostAsync("/v1/decide", """{"session_id":"s","tool_call_id":"c","tool_name":"cat","requested_input":{"a":1}}""")).Require(200);
        var before = (await node.GetAsync("/v1/policy")).Json.Text("version")!;
        File.WriteAllText(path, second);
        File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddSeconds(5));

        var found = (await node.GetAsync("/v1/policy/diff")).Require(200).Json;
        Assert.Equal(before, found.GetProperty("from").Text("version"));
        Assert.Equal(
            [
                ("rule", "gone", "removed"), ("rule", "new", "added"), ("rule", "one", "moved"), ("rule", "two", "changed"), ("rule", "two", "moved"),
                ("setting", "preset", "changed"), ("tool", "rm", "added"),
            ],
            ChangesOf(found).Select(one => (one.What, one.Id, one.Change)).Order());
        Assert.Contains(("rule", "two", "changed", "\"reject\"", "\"ask\""), ChangesOf(found));
        Assert.Empty(ChangesOf((await node.GetAsync($"/v1/policy/diff?from={before[..12]}&until={before}")).Require(200).Json));
        Assert.All(
            ChangesOf((await node.GetAsync($"/v1/policy/diff?from=1&until={before}")).Require(200).Json), one => Assert.Equal("added", one.Change));
        Assert.Contains("no version", (await node.GetAsync($"/v1/policy/diff?from={new string('0', 12)}")).Problem(400));
        Assert.Contains("is expected", (await node.GetAsync("/v1/policy/diff?until=soon")).Problem(400));

        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("href=\"/policy\"", (await browser.GetAsync("/waiting")).Require(200).Text);
        var page = (await browser.GetAsync("/policy")).Require(200).Text;
        Assert.Contains($"what changed in {before[..12]}", page);
        Assert.Contains("approve-all", page);
    }

    [Fact]
    public async Task without_a_policy_the_page_says_so()
    {
        await using var node = await TestNode.StartAsync();
        (await node.GetAsync("/v1/policy/diff")).Problem(404);
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("The node has no policy", (await browser.GetAsync("/policy")).Require(200).Text);
    }

    private static async Task SayAsync(TestNode node, string call, string outcome) =>
        Assert.Contains((await node.RecordAsync(Records.Item("s", call, outcome, Now, task: "t", agent: "a"))).Status, new[] { 201, 409 });

    /// <summary>A call that was executed with another input than was asked for.</summary>
    private static async Task AlterAsync(TestNode node, string call)
    {
        var item = Records.Item("s", call, Records.Completed(), Now, task: "t", agent: "a");
        var record = System.Text.Json.Nodes.JsonNode.Parse(item)!;
        record["record"]!["requested_input"] = new System.Text.Json.Nodes.JsonObject { ["command"] = "ls", ["same"] = 1 };
        record["record"]!["effective_input"] = new System.Text.Json.Nodes.JsonObject { ["command"] = "rm", ["same"] = 1 };
        (await node.RecordAsync(record.ToJsonString())).Require(201);
    }

    private static async Task<long> LastAsync(TestNode node) => (await node.GetAsync("/v1/events?limit=1000")).Require(200).Json
        .GetProperty("items").EnumerateArray().Max(item => item.GetProperty("position").GetInt64());

    private static List<(string What, string Id, string Change, string? Before, string? After)> ChangesOf(JsonElement found) =>
    [
        .. found.GetProperty("changes").EnumerateArray().Select(one => (
            one.Text("what")!, one.Text("id")!, one.Text("change")!, one.GetProperty("before").GetString(), one.GetProperty("after").GetString())),
    ];
}
