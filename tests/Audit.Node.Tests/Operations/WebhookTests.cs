using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>Alerts as webhooks (issue 19, point 14), against a receiver that checks each signature by itself.</summary>
public sealed class WebhookTests : AlertGround
{
    private WebhookReceiver? asked;

    [Fact]
    public async Task each_rule_of_the_program_is_sent_signed_once_and_in_the_order_of_the_book()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, Hook(receiver), """ "link":"https://audit.example/", """);
        await RefuseAsync(node, "s-1", "c-1");
        (await node.RecordAsync(Records.Item("s-1", "c-2", NotKept(), tool: "sql.execute"))).Require(201);
        (await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed(), task: "t-1", agent: "a-1"))).Require(201);
        var flood = Enumerable.Range(0, 400).Select(index => Records.Item("s-1", "c-4", Records.Blocked($"no {index}"), At(index)));
        (await node.LinesAsync(Records.Lines(flood))).Require(200);
        using (var nobody = node.ClientWith("aat_" + new string('A', 43)))
        {
            (await nobody.GetAnswerAsync("/v1/sessions")).Problem(401);
        }

        // Who was refused is written down each minute, and at the stop.
        await node.RestartAsync();
        await receiver.UntilAsync(5);
        await node.RestartAsync();
        await RefuseAsync(node, "s-1", "last");
        await receiver.UntilAsync(6);

        Assert.All(receiver.All, one => Assert.True(one.IsSigned, one.Signatures));
        Assert.Equal(
            ["audit.failed_to_persist", "audit.flood", "audit.outside_window", "audit.sign_in_refused", "audit.violation", "audit.violation"],
            receiver.All.Select(one => one.Json.Text("type")).Order());
        Assert.Equal(6, receiver.All.Select(one => one.Id).Distinct().Count());
        var byRows = receiver.All.Where(one => one.Json.Text("type") != "audit.outside_window").Select(PositionOf).ToList();
        Assert.Equal(byRows.Order(), byRows);
        var violation = receiver.Of("audit.violation")[0].Json.GetProperty("data");
        Assert.Equal(("high", "s-1", "c-1", "admin"), (violation.Text("severity"), violation.Text("session_id"), violation.Text("tool_call_id"), violation.Text("source")));
        Assert.Equal(("standing_refusal", receiver.Of("audit.violation")[0].Id), (violation.Text("said"), violation.Text("id")));
        Assert.Equal("https://audit.example/call?source=admin&session=s-1&call=c-1", violation.Text("link"));
        Assert.Equal("sql.execute", receiver.Of("audit.failed_to_persist")[0].Json.GetProperty("data").Text("tool"));
        Assert.Equal("c-3", receiver.Of("audit.outside_window")[0].Json.GetProperty("data").Text("tool_call_id"));
        Assert.Equal("1 for the token from 127.0.0.0/24", receiver.Of("audit.sign_in_refused")[0].Json.GetProperty("data").Text("said"));
        Assert.Equal("flooded", receiver.Of("audit.flood")[0].Json.GetProperty("data").Text("said"));
    }

    [Fact]
    public async Task a_violation_that_only_a_late_message_makes_is_told_as_well()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, Hook(receiver));
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), At(10)))).Require(201);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Blocked("no"), At(5)))).Require(201);
        await Patience.UntilAsync(() => Task.FromResult(receiver.Of("audit.violation").Count > 0), "it is told");

        var violation = Assert.Single(receiver.Of("audit.violation")).Json.GetProperty("data");
        Assert.Equal(("standing_refusal", "c-1"), (violation.Text("said"), violation.Text("tool_call_id")));
    }

    [Fact]
    public async Task a_question_that_waits_is_told_by_a_rule_with_the_link_to_where_it_is_decided()
    {
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("policy.json"), """{"preset":"ask"}""");
        await using var node = await TestNode.StartAsync(change: options => options with { Policy = directory.File("policy.json") });
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(
            node, Hook(receiver, """ "rules":["asked"], """),
            """
            "link":"https://audit.example",
            "rules":[{"name":"asked","query":"state:awaiting_confirmation","severity":"high","title":"Somebody is asked"}],
            """);
        using var host = await node.ClientAsync("host", "ingest");
        (await host.PostAsync("/v1/decide", """{"session_id":"s 1","tool_call_id":"c-1","tool_name":"deploy","turn":1,"permission":{"kind":"mcp"}}"""))
            .Require(200);
        await receiver.UntilAsync(1);

        var asked = receiver.All[0].Json.GetProperty("data");
        Assert.Equal("deploy", asked.Text("tool"));
        var link = new Uri(asked.Text("link")!);
        Assert.Equal("https://audit.example/call?source=host&session=s%201&call=c-1", link.AbsoluteUri);
        using var browser = await PageBrowser.SignedInAsync(node, await node.TokenAsync("eve", ["read", "approve"]));
        Assert.Contains("action=\"/call/decision\"", (await browser.GetAsync(link.PathAndQuery)).Require(200).Text);
    }

    [Fact]
    public async Task what_a_search_cannot_be_asked_silences_no_other_rule()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(
            node, Hook(receiver, """ "rules":["violation","nowhere"], """),
            """ "rules":[{"name":"nowhere","query":"during:no-such-window","severity":"low","title":"In a window that is not there"}], """);
        await RefuseAsync(node, "s-1", "c-1");
        await Patience.UntilAsync(() => Task.FromResult(receiver.Of("audit.violation").Count > 0), "the violation is told");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/metrics")).Require(200).Text.Contains("rule nowhere", StringComparison.Ordinal),
            "what is wrong with the other rule is counted");
    }

    [Fact]
    public async Task a_part_that_halts_is_told_once()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, Hook(receiver));
        await RecordSealedAsync(node);
        await node.UntilReadAsync();
        await node.StopAsync();
        SqliteRows.Run(node, "UPDATE journal SET created = created + 1 WHERE ordering = 2");
        await node.StartAgainAsync();
        await Patience.UntilAsync(() => Task.FromResult(receiver.Of("audit.halt").Count > 0), "the halt is told");
        await node.RestartAsync();
        await Patience.UntilAsync(async () => (await node.GetAsync("/health/sealing")).Json.Text("status") == "halted", "it is halted still");
        await RefuseAsync(node, "s-9", "c-9");
        await Patience.UntilAsync(() => Task.FromResult(receiver.Of("audit.violation").Count > 0), "what came later is told");

        var halt = Assert.Single(receiver.Of("audit.halt")).Json.GetProperty("data");
        Assert.Equal("critical", halt.Text("severity"));
        Assert.StartsWith("log: ", halt.Text("said"));
    }

    [Fact]
    public async Task what_is_not_taken_is_tried_again_with_the_same_id_and_those_behind_it_go_on()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        var slow = new TaskCompletionSource<int>();
        using var receiver = new WebhookReceiver(Secret, (one, _) =>
            one.Json.GetProperty("data").Text("tool_call_id") != "c-1" ? Task.FromResult(200)
            : Tries(one.Id) switch { 1 => Task.FromResult(500), 2 => slow.Task, _ => Task.FromResult(204) });
        asked = receiver;
        await ConfigureAsync(node, Hook(receiver, """ "timeout_seconds":2, """));
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);
        await UntilStateAsync(node, "it failed once", one => ErrorOf(one) == "the receiver answered 500");
        await RefuseAsync(node, "s-1", "c-2");
        clock.Advance(TimeSpan.FromSeconds(6));
        await UntilStateAsync(node, "it was too slow", one => ErrorOf(one) == "no answer within 2 s");
        clock.Advance(TimeSpan.FromMinutes(2));
        await UntilStateAsync(node, "both are taken", one => one.GetProperty("sent").GetInt64() == 2 && one.GetProperty("waiting").GetInt32() == 0);
        slow.SetResult(200);

        var first = receiver.All[0].Id;
        Assert.Equal(3, receiver.All.Count(one => one.Id == first));
        Assert.Equal(2, receiver.All.Select(one => one.Id).Distinct().Count());
        Assert.All(receiver.All, one => Assert.True(one.IsSigned));
        Assert.Contains("audit_alerts_sent_total{destination=\"hook\"} 2\n", (await node.GetAsync("/metrics")).Require(200).Text);
    }

    [Fact]
    public async Task what_is_on_its_way_when_the_node_stops_is_not_sent_again()
    {
        await using var node = await TestNode.StartAsync();
        var first = new TaskCompletionSource<int>();
        using var receiver = new WebhookReceiver(Secret, (_, before) => before == 0 ? first.Task : Task.FromResult(200));
        await ConfigureAsync(node, Hook(receiver));
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);
        var stopped = node.StopAsync();
        await Task.Delay(TimeSpan.FromMilliseconds(500));
        first.SetResult(200);
        await stopped;
        await node.StartAgainAsync();
        await RefuseAsync(node, "s-1", "c-2");
        await receiver.UntilAsync(2);

        Assert.Equal(["c-1", "c-2"], receiver.All.Select(one => one.Json.GetProperty("data").Text("tool_call_id")));
    }

    [Fact]
    public async Task a_stop_waits_for_those_that_give_no_answer_together()
    {
        await using var node = await TestNode.StartAsync();
        using var one = new SilentReceiver();
        using var other = new SilentReceiver();
        var first = new TaskCompletionSource<int>();
        using var third = new WebhookReceiver(Secret, (_, before) => before == 0 ? first.Task : Task.FromResult(200));
        await ConfigureAsync(node, string.Join(',', new[] { one.Url, other.Url, third.Url }.Select((url, index) =>
            $$"""{"name":"hook-{{index}}","url":"{{url}}","private":true,"timeout_seconds":30,"secret_file":"hook.secret"}""")));
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/alerts")).Require(200).Json.GetProperty("destinations").EnumerateArray()
                .All(to => to.GetProperty("position").ValueKind == JsonValueKind.Number), "all of them are told from now on");
        await RefuseAsync(node, "s-1", "c-1");
        await RefuseAsync(node, "s-1", "c-2");
        await Task.WhenAll(one.Came, other.Came, third.UntilAsync(1));
        var stopped = node.StopAsync();
        await Task.WhenAny(one.Left, other.Left);

        // Whoever is not ended by now would send the second one.
        first.SetResult(200);
        await stopped;
        Assert.Single(third.All);
        await node.StartAgainAsync();
    }

    [Fact]
    public async Task after_the_last_try_it_is_a_dead_letter_and_stays_one()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(503));
        await ConfigureAsync(node, Hook(receiver));
        await RefuseAsync(node, "s-1", "c-1");
        const int Most = 8;
        await UntilStateAsync(node, "it was given up", one =>
        {
            clock.Advance(Long);
            return one.GetProperty("given_up").GetInt64() == 1;
        });
        await node.RestartAsync();
        clock.Advance(Long);
        await UntilStateAsync(node, "it stays so", one => one.GetProperty("position").ValueKind == JsonValueKind.Number);
        var shown = (await node.GetAsync("/v1/alerts")).Require(200).Json.GetProperty("destinations")[0];
        var dead = Assert.Single(shown.GetProperty("dead").EnumerateArray());
        Assert.Equal((0, Most), (shown.GetProperty("waiting").GetInt32(), dead.GetProperty("tries").GetInt32()));
        Assert.Equal(("violation", "s-1", "c-1"), (dead.Text("rule"), dead.Text("session_id"), dead.Text("tool_call_id")));
        Assert.Equal("the receiver answered 503", dead.Text("error"));
        Assert.Equal(receiver.All[0].Id, dead.Text("id"));
        Assert.Equal(Most, receiver.All.Count);
        Assert.Single(receiver.All.Select(one => one.Id).Distinct());
        Assert.Contains("audit_alerts_given_up_total{destination=\"hook\"} 1\n", (await node.GetAsync("/metrics")).Text);
    }

    [Fact]
    public async Task what_waits_is_sent_after_a_restart_without_what_was_erased_meanwhile()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        var isUp = false;
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(isUp ? 200 : 500));
        await ConfigureAsync(node, Hook(receiver));
        foreach (var session in (string[])["kept", "erased"])
        {
            var item = Records.Item(session, "c-1", NotKept()).Replace("{\"a\":1}", $$"""{"sql":"SELECT {{Word}}"}""");
            (await node.RecordAsync(item)).Require(201);
        }

        await receiver.UntilAsync(1);
        await UntilStateAsync(node, "both wait", one => one.GetProperty("waiting").GetInt32() == 2);
        await EraseAsync(node, "erased");
        isUp = true;
        await node.RestartAsync();
        clock.Advance(Long);
        await UntilStateAsync(node, "both are taken", one => one.GetProperty("sent").GetInt64() == 2);

        var taken = receiver.All.GroupBy(one => one.Json.GetProperty("data").Text("session_id"))
            .ToDictionary(tries => tries.Key, tries => tries.Last().Json);
        Assert.Contains(Word, taken["kept"].GetProperty("data").Text("command"));
        Assert.False(taken["erased"].GetProperty("data").TryGetProperty("command", out _));
        Assert.DoesNotContain(Word, taken["erased"].GetRawText());
        Assert.Equal(2, receiver.All.Select(one => one.Id).Distinct().Count());
    }

    [Fact]
    public async Task a_search_of_the_file_tells_of_each_call_once_as_a_detection_finding()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(
            node, Hook(receiver, """ "format":"ocsf","rules":["reads"], """),
            """ "rules":[{"name":"reads","query":"tool:sql.* zanzibar","severity":"low","title":"Somebody asked for the island"}], """);
        (await node.RecordAsync(Records.Item("s-1", "c-0", Records.Asked(Word), tool: "bash"))).Require(201);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Asked(Word), tool: "sql.query"))).Require(201);
        await receiver.UntilAsync(1);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Blocked(Word), "2025-01-02T03:05:05Z", tool: "sql.query"))).Require(201);
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed(output: Word), tool: "sql.query"))).Require(201);
        await receiver.UntilAsync(2);

        Assert.Equal(["c-1", "c-2"], receiver.All.Select(one => one.Json.GetProperty("resources")[0].Text("uid")));
        Assert.All(receiver.All, one => Assert.True(one.IsSigned));
        var finding = receiver.All[0].Json;

        // What the schema 1.4.0 requires of the class 2004, and of the objects in it.
        Assert.Equal(
            (1, 2, 2004, 200401, 2),
            (Number("activity_id"), Number("category_uid"), Number("class_uid"), Number("type_uid"), Number("severity_id")));
        Assert.Equal(Number("class_uid") * 100L + Number("activity_id"), Number("type_uid"));
        Assert.InRange(finding.GetProperty("time").GetInt64(), 1_000_000_000_000, 9_999_999_999_999);
        Assert.Equal("1.4.0", finding.GetProperty("metadata").Text("version"));
        Assert.NotEmpty(finding.GetProperty("metadata").GetProperty("product").Text("vendor_name"));
        Assert.NotEmpty(finding.GetProperty("metadata").GetProperty("product").Text("name"));
        Assert.Equal(receiver.All[0].Id, finding.GetProperty("finding_info").Text("uid"));
        Assert.Equal("Somebody asked for the island", finding.GetProperty("finding_info").Text("title"));
        Assert.Equal(("reads", 1), (finding.GetProperty("finding_info").GetProperty("analytic").Text("name"), finding.GetProperty("finding_info").GetProperty("analytic").GetProperty("type_id").GetInt32()));
        Assert.Equal("s-1", finding.GetProperty("evidences")[0].GetProperty("data").Text("session_id"));

        int Number(string name) => finding.GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task an_address_of_the_network_around_is_refused_unless_the_file_says_so()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        var near = receiver.Url.Replace("http:", "https:").Replace("127.0.0.1", "localhost");
        await ConfigureAsync(node, $$"""{"name":"hook","url":"{{near}}","secret_file":"hook.secret"}""");
        await RefuseAsync(node, "s-1", "c-1");
        await UntilStateAsync(node, "it is refused", one => ErrorOf(one).Contains("a network around it"));
        Assert.StartsWith("localhost is an address of this machine", (await TestHookAsync(node)).Text("error"));
        Assert.Empty(receiver.All);
        Assert.DoesNotContain("/hook", (await node.GetAsync("/v1/alerts")).Json.GetProperty("destinations")[0].Text("to"));

        await ConfigureAsync(node, Hook(receiver));
        Assert.True((await TestHookAsync(node)).GetProperty("taken").GetBoolean());
        Assert.Equal("audit.test", Assert.Single(receiver.Of("audit.test")).Json.Text("type"));
        (await node.PostAsync("/v1/alerts/test", """{"destination":"other"}""")).Problem(404);
        using var reader = await node.ClientAsync("ann", "read");
        (await reader.PostAsync("/v1/alerts/test", """{"destination":"hook"}""")).Problem(403);
    }

    [Theory]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1::1", true)]
    [InlineData("::ffff:93.184.216.34", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:127.0.0.1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("2002:7f00:1::1", false)]
    [InlineData("64:ff9b::7f00:1", false)]
    public void only_addresses_of_the_internet_are_public(string address, bool isPublic) =>
        Assert.Equal(isPublic, AlertSender.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task a_broken_file_is_heard_and_the_last_one_goes_on_and_each_secret_of_a_file_signs()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, Hook(receiver));
        foreach (var (text, sentence) in ((string, string)[])
            [
                ("{", ""),
                ("""{"destinations":[{"name":"a"}]}""", "destinations[0]: url: missing"),
                ("""{"destinations":[{"name":"a","url":"http://example.org/","secret_file":"x"}]}""", "https is expected"),
                ("""{"rules":[{"name":"a","query":"is:nothing"}]}""", "rules[0]: "),
                ("""{"destinations":[{"name":"a","url":"https://example.org/","secret_file":"x","rules":["none"]}]}""", "\"none\" is none"),
            ])
        {
            File.WriteAllText(Path.Combine(node.Data, "alerts.json"), text);
            var shown = (await node.GetAsync("/v1/alerts")).Require(200).Json;
            Assert.Contains(sentence, shown.Text("trouble"));
            Assert.Equal("hook", Assert.Single(shown.GetProperty("destinations").EnumerateArray()).Text("name"));
        }

        Assert.Contains("audit_alerts_broken 1\n", (await node.GetAsync("/metrics")).Text);
        var other = RandomNumberGenerator.GetBytes(24);
        File.WriteAllLines(Path.Combine(node.Data, "hook.secret"), [SecretOf(other), SecretOf(Secret)]);
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);
        Assert.True(receiver.All[0].IsSigned);
        Assert.Equal(2, receiver.All[0].Signatures.Split(' ').Length);
        File.WriteAllText(Path.Combine(node.Data, "hook.secret"), "whsec_c2hvcnQ=");
        Assert.Contains("24 to 64 random bytes", (await TestHookAsync(node)).Text("error"));
    }

    [Fact]
    public async Task the_book_is_written_on_and_on_into_a_directory_each_row_once()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(
            clock: clock,
            change: options => options with { Data = Path.GetRelativePath(Environment.CurrentDirectory, options.Data) });
        await ConfigureAsync(node, """{"name":"hook","directory":"lake"},{"name":"open","directory":"open","content":true}""");
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(output: Word)))).Require(201);
        await UntilFinishedAsync();
        await node.RestartAsync();
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed(output: Word)))).Require(201);
        await UntilFinishedAsync();

        var rows = Lines("lake").Select(line => JsonElement.Parse(line)).ToList();
        var positions = rows.Select(row => row.GetProperty("position").GetInt64()).ToList();
        var book = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(row => row.GetProperty("position").GetInt64()).TakeWhile(position => position <= positions[^1]);
        Assert.Equal(book, positions);
        Assert.True(Files("lake").Length > 1);
        Assert.All(Files("lake"), file => Assert.Matches(@"^events-\d{20}-\d{20}\.ndjson$", Path.GetFileName(file)));
        Assert.DoesNotContain(Word, string.Concat(Lines("lake")));
        Assert.Contains(Word, string.Concat(Lines("open")));
        Assert.Contains("export.continued", string.Concat(Lines("lake")));

        string[] Files(string name) => [.. Directory.GetFiles(Path.Combine(node.Data, name), "*.ndjson").Order()];
        IEnumerable<string> Lines(string name) => Files(name).SelectMany(File.ReadAllLines);
        async Task UntilFinishedAsync()
        {
            var last = (await node.GetAsync("/v1/stats")).Json.GetProperty("journal").GetProperty("position").GetInt64();
            await Patience.UntilAsync(
                () =>
                {
                    clock.Advance(TimeSpan.FromMinutes(2));
                    return Task.FromResult(((string[])["lake", "open"]).All(name => Directory.Exists(Path.Combine(node.Data, name))
                        && Files(name) is [.., var newest] && long.Parse(Path.GetFileNameWithoutExtension(newest)[^20..]) >= last));
                },
                "the segments are there");
        }
    }

    [Fact]
    public async Task a_directory_that_cannot_be_written_is_heard_and_keeps_no_alert_back()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        File.WriteAllText(Path.Combine(node.Data, "file"), "");
        await ConfigureAsync(node, Hook(receiver) + """,{"name":"lake","directory":"file/lake"}""");
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/metrics")).Text.Contains("audit_failures_total{place=\"alerts to lake\"}"), "it is heard");
        File.Delete(Path.Combine(node.Data, "file"));
        await Patience.UntilAsync(
            () => Task.FromResult(Directory.Exists(Path.Combine(node.Data, "file", "lake"))), "it is written once it can be");
    }

    [PostgresFact]
    public async Task of_two_nodes_on_one_database_one_sends_and_the_other_goes_on()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var first = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var second = await first.StartBesideAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(first, Hook(receiver));
        Write(second, Hook(receiver));
        await RefuseAsync(second, "s-1", "c-1");
        await receiver.UntilAsync(1);
        Assert.Equal("standing_by", (await second.GetAsync("/v1/alerts")).Json.Text("state"));
        await first.StopAsync();
        await UntilStateAsync(second, "the other sends", one => one.GetProperty("sent").GetInt64() == 1);
        await Patience.UntilAsync(async () => (await second.GetAsync("/v1/alerts")).Json.Text("state") == "sending", "it sends");
        await RefuseAsync(second, "s-1", "c-2");
        await receiver.UntilAsync(2);
        Assert.Equal(["c-1", "c-2"], receiver.All.Select(one => one.Json.GetProperty("data").Text("tool_call_id")));
        await first.StartAgainAsync();
    }

    private int Tries(string id) => asked!.All.Count(one => one.Id == id);

    /// <summary>Takes what is sent, and says nothing.</summary>
    private sealed class SilentReceiver : IDisposable
    {
        private readonly TcpListener listener = new(IPAddress.Loopback, 0);
        private readonly TaskCompletionSource came = new(), left = new();

        public SilentReceiver()
        {
            listener.Start();
            Url = $"http://{listener.LocalEndpoint}/";
            _ = TakeAsync();
        }

        public string Url { get; }

        /// <summary>Done when somebody has sent something.</summary>
        public Task Came => came.Task.WaitAsync(TimeSpan.FromMinutes(2));

        /// <summary>Done when he waits no more.</summary>
        public Task Left => left.Task.WaitAsync(TimeSpan.FromMinutes(2));

        public void Dispose() => listener.Stop();

        private async Task TakeAsync()
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                var buffer = new byte[4096];
                while (await client.GetStream().ReadAsync(buffer) > 0)
                {
                    came.TrySetResult();
                }
            }
            catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException)
            {
                // He left, or the test is over.
            }

            left.TrySetResult();
        }
    }
}
