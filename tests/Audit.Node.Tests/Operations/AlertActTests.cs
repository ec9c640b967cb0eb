using System.Text.Json;
using Audit.Api.Alerts;
using Audit.Api.Reading;
using Audit.Journal;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

/// <summary>What people see of alerts and do about them, and what a receiver can tell after a set back.</summary>
public sealed class AlertActTests : AlertGround
{
    [Fact]
    public async Task what_was_given_up_is_sent_again_by_who_may_and_the_book_says_so()
    {
        var isUp = false;
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(isUp ? 200 : 410));
        await ConfigureAsync(node, Hook(receiver, """ "rules":["violation"], """));
        await RefuseAsync(node, "s-1", "c-1");
        await UntilStateAsync(node, "410 is final", one => one.GetProperty("dead").GetArrayLength() == 1);
        var dead = (await node.GetAsync("/v1/alerts")).Json.GetProperty("destinations")[0].GetProperty("dead")[0];
        var id = dead.Text("id");
        Assert.Equal(("the receiver answered 410", 1), (dead.Text("error"), dead.GetProperty("tries").GetInt32()));
        Assert.NotNull(dead.Text("given_up_at"));

        foreach (var (body, status) in ((string, int)[])
            [
                ("""{"destination":"hook","ids":["msg_00"]}""", 404), ("""{"destination":"other"}""", 404), ("{}", 422),
                ("""{"destination":"hook","ids":[]}""", 404), ("""{"destination":"hook","ids":[7]}""", 422),
                ("""{"destination":"hook","id":"x"}""", 422), ("""{"destination":"hook","ids":"all"}""", 422),
                ($$"""{"destination":"hook","ids":["{{id}}","msg_00"]}""", 404),
            ])
        {
            (await node.PostAsync("/v1/alerts/again", body)).Problem(status);
        }

        using (var reader = await node.ClientAsync("ann", "read"))
        {
            (await reader.PostAsync("/v1/alerts/again", """{"destination":"hook"}""")).Problem(403);
            (await reader.AnswerAsync(HttpMethod.Get, "/v1/alerts")).Require(200);
        }

        isUp = true;
        var again = (await node.PostAsync("/v1/alerts/again", $$"""{"destination":"hook","ids":["{{id}}","{{id}}"]}""")).Require(200).Json;
        Assert.Equal(1, again.GetProperty("alerts").GetInt32());
        await UntilStateAsync(node, "it is taken", one => one.GetProperty("sent").GetInt64() == 1 && one.GetProperty("dead").GetArrayLength() == 0);
        Assert.Equal([id, id], receiver.All.Select(one => one.Id));
        var act = (await node.GetAsync($"/v1/events/{again.GetProperty("position")}")).Require(200).Json.GetProperty("event");
        Assert.Equal(("alerts.sent_again", "admin", "hook"), (act.Text("act"), act.Text("token"), act.GetProperty("facts").Text("destination")));

        // It is told once, also to a node that begins anew.
        await node.RestartAsync();
        await RefuseAsync(node, "s-1", "c-2");
        await UntilStateAsync(node, "the next is taken", one => one.GetProperty("sent").GetInt64() == 2);
        Assert.Equal(3, receiver.All.Count);
        (await node.PostAsync("/v1/alerts/again", """{"destination":"hook"}""")).Problem(404);
    }

    [Fact]
    public async Task the_page_shows_what_waits_and_what_was_given_up_and_sends_again_without_scripts()
    {
        var status = 410;
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(status));
        using var admin = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("Nobody is told anything", (await admin.GetAsync("/alerts")).Require(200).Text);
        await ConfigureAsync(node, Hook(receiver) + """,{"name":"lake","directory":"lake"}""");
        await RefuseAsync(node, "s-1", "gone");
        await UntilStateAsync(node, "it is given up", one => one.GetProperty("dead").GetArrayLength() == 1);
        status = 503;
        await RefuseAsync(node, "s-1", "<b>waits</b>");
        await UntilStateAsync(node, "it waits", one => ErrorOf(one) == "the receiver answered 503");

        var page = (await admin.GetAsync("/alerts")).Require(200).Text;
        Assert.Contains("the receiver answered 410", page);
        Assert.Contains("the receiver answered 503", page);
        Assert.Contains("call=gone", page);
        Assert.Contains("call=%3Cb%3Ewaits%3C%2Fb%3E", page);
        Assert.DoesNotContain("<b>waits", page);
        Assert.DoesNotContain("/hook/", page);
        Assert.Contains("segments of the book as NDJSON, sealed", page);
        var tested = (await admin.SubmitAsync("/alerts", "/alerts/test", ("destination", "hook"))).Require(200).Text;
        Assert.Contains("The test was not taken at hook: the receiver answered 503.", tested);
        (await admin.SubmitAsync("/alerts", "/alerts/again", ("destination", "none"))).Require(404);
        (await admin.PostAsync("/alerts/again", ("destination", "hook"))).Require(403);

        status = 200;
        (await admin.SubmitAsync("/alerts", "/alerts/again", ("destination", "hook"))).Require(303);
        await UntilStateAsync(node, "both are taken", one => one.GetProperty("sent").GetInt64() == 2);

        using var reader = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        var shown = (await reader.GetAsync("/alerts")).Require(200).Text;
        Assert.DoesNotContain("/alerts/again\"", shown);
        Assert.DoesNotContain("/alerts/test\"", shown);
        (await reader.PostAsync("/alerts/again", ("destination", "hook"), ("form_secret", PageBrowser.SecretOf((await reader.GetAsync("/alerts")))))).Require(403);
        using var bound = await PageBrowser.SignedInAsync(node, await node.TokenAsync("bea", ["read"], agent: "a"));
        (await bound.GetAsync("/alerts")).Require(403);
        Assert.DoesNotContain("href=\"/alerts\"", (await bound.GetAsync("/overview")).Require(200).Text);
    }

    [Fact]
    public async Task whom_the_node_refused_is_shown_to_who_may_see_the_administration_only()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(410));
        await ConfigureAsync(node, Hook(receiver));
        using (var nobody = node.ClientWith("aat_" + new string('A', 43)))
        {
            (await nobody.GetAnswerAsync("/v1/sessions")).Problem(401);
        }

        // Who was refused is written down at the stop.
        await node.RestartAsync();
        await UntilStateAsync(node, "it is given up", one => one.GetProperty("dead").GetArrayLength() == 1);
        using var admin = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("1 for the token from 127.0.0.0/24", (await admin.GetAsync("/alerts")).Require(200).Text);
        using var reader = await PageBrowser.SignedInAsync(node, await node.TokenAsync("ann", ["read"]));
        var shown = (await reader.GetAsync("/alerts")).Require(200).Text;
        Assert.Contains("sign_in_refused", shown);
        Assert.DoesNotContain("for the token from", shown);
        Assert.DoesNotContain("127.0.0.0/24", shown);
    }

    [Fact]
    public async Task a_receiver_says_in_seconds_or_by_a_date_when_it_wants_to_be_asked_again()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(429));
        receiver.Headers["Retry-After"] = clock.GetUtcNow().AddMinutes(30).ToString("R");
        await ConfigureAsync(node, Hook(receiver));
        await RefuseAsync(node, "s-1", "c-1");
        var began = clock.GetUtcNow();
        await UntilStateAsync(node, "it waits", one => ErrorOf(one) == "the receiver answered 429");
        Assert.InRange(await NextTryAsync() - began, TimeSpan.FromMinutes(25), TimeSpan.FromMinutes(40));

        // Whoever asks for years, or for a time that is over, is asked within the hour, or as usual.
        foreach (var (asked, least, most) in ((string, int, int)[])
            [(clock.GetUtcNow().AddYears(9).ToString("R"), 55, 70), (DateTimeOffset.UnixEpoch.ToString("R"), 1, 12), ("soon", 9, 12)])
        {
            var before = receiver.All.Count;
            receiver.Headers["Retry-After"] = asked;
            clock.Advance(TimeSpan.FromHours(2));
            var now = clock.GetUtcNow();
            await receiver.UntilAsync(before + 1);
            await UntilStateAsync(node, "it waits anew", one => one.GetProperty("waits")[0].GetProperty("tries").GetInt32() == before + 1);
            Assert.InRange(await NextTryAsync() - now, TimeSpan.FromMinutes(least), TimeSpan.FromMinutes(most));
        }

        async Task<DateTimeOffset> NextTryAsync() => DateTimeOffset.Parse(
            (await node.GetAsync("/v1/alerts")).Json.GetProperty("destinations")[0].GetProperty("waits")[0].Text("next_try_at")!,
            System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task a_receiver_that_leads_elsewhere_or_hangs_keeps_no_other_from_being_told()
    {
        await using var node = await TestNode.StartAsync();
        using var elsewhere = new WebhookReceiver(Secret);
        using var leads = new WebhookReceiver(Secret, (_, _) => Task.FromResult(307));
        leads.Headers["Location"] = elsewhere.Url;
        var never = new TaskCompletionSource<int>();
        using var hangs = new WebhookReceiver(Secret, (_, _) => never.Task);
        using var well = new WebhookReceiver(Secret);
        var files = new[] { (leads, "leads"), (hangs, "hangs"), (well, "well") }
            .Select(one => Hook(one.Item1, """ "timeout_seconds":1, """).Replace("\"hook\"", $"\"{one.Item2}\""));
        await ConfigureAsync(node, string.Join(',', files));
        await RefuseAsync(node, "s-1", "c-1");
        await well.UntilAsync(1);
        await UntilStateAsync(node, "nobody is followed", one => ErrorOf(one) == "the receiver answered 307");
        await Patience.UntilAsync(
            async () => ErrorOf((await node.GetAsync("/v1/alerts")).Json.GetProperty("destinations")[1]) == "no answer within 1 s", "nobody waits on");
        Assert.Empty(elsewhere.All);
        never.SetResult(200);
    }

    [Fact]
    public async Task a_file_that_could_not_be_read_for_a_moment_is_well_again_with_the_same_content()
    {
        await using var node = await TestNode.StartAsync();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, Hook(receiver));
        var file = Path.Combine(node.Data, "alerts.json");
        var text = File.ReadAllText(file);
        File.WriteAllText(file, "");
        Assert.Contains("it is empty", (await node.GetAsync("/v1/alerts")).Json.Text("trouble"));
        Assert.Contains("audit_alerts_broken 1\n", (await node.GetAsync("/metrics")).Text);
        File.WriteAllText(file, text);
        Assert.Equal(JsonValueKind.Null, (await node.GetAsync("/v1/alerts")).Json.GetProperty("trouble").ValueKind);
        Assert.Contains("audit_alerts_broken 0\n", (await node.GetAsync("/metrics")).Text);
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);

        Write(node, Hook(receiver) + """,{"name":"a","directory":"lake"},{"name":"b","directory":"./x/../lake/"}""");
        Assert.Contains("lake\" is there twice", (await node.GetAsync("/v1/alerts")).Json.Text("trouble"));
    }

    [Fact]
    public void what_takes_a_position_anew_has_another_id()
    {
        var rules = new AlertRules(Secret);
        var row = new JournalRow(
            7, "call|s:admin:s-1|c-1", 2, 1_000, EventNames.CallViolated + ".v2", """{"v":2,"event":"call.violated","cause":"standing_refusal"}"""u8.ToArray());
        var id = rules.Of(new SeenRow(row))!.Id;
        Assert.Equal(id, rules.Of(new SeenRow(row with { }))!.Id);
        Assert.NotEqual(id, rules.Of(new SeenRow(row with { CreatedTicks = 1_001 }))!.Id);
        Assert.NotEqual(id, rules.Of(new SeenRow(row with { Sequence = 3 }))!.Id);
        Assert.NotEqual(id, new AlertRules([1]).Of(new SeenRow(row))!.Id);
    }

    [Fact]
    public async Task after_a_set_back_the_export_goes_on_behind_what_is_still_of_the_book()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        await ConfigureAsync(node, """{"name":"lake","directory":"lake"}""");
        await RecordAsync("c-1");
        await UntilWrittenAsync();
        await node.StopAsync();
        var older = Directory.GetFiles(Path.GetDirectoryName(node.StoreFile)!, "journal.db*").ToDictionary(file => file, File.ReadAllBytes);
        await node.StartAgainAsync();
        await RecordAsync("lost-1", "lost-2");
        await UntilWrittenAsync();
        await node.StopAsync();
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(node.StoreFile)!, "journal.db*"))
        {
            File.Delete(file);
        }

        foreach (var (file, content) in older)
        {
            File.WriteAllBytes(file, content);
        }

        await node.StartAgainAsync(options => options with { AcceptSetBack = "an older copy" });
        await RecordAsync("c-2");
        await UntilWrittenAsync();
        await node.RestartAsync();
        await RecordAsync("c-3");
        await UntilWrittenAsync();

        // As the documents say: from its first position on a book's files stand in the place of those before.
        var files = Files().Select(file => (
            Book: Path.GetFileName(file)[..^48], First: long.Parse(Path.GetFileNameWithoutExtension(file)[^41..^21]), Rows: File.ReadLines(file).Select(line => JsonElement.Parse(line)).ToList()))
            .ToList();
        Assert.Equal(["events-", "events-b0002-"], files.Select(file => file.Book).Distinct().Order());
        var begins = files.Where(file => file.Book != "events-").Min(file => file.First);
        var rows = files.SelectMany(file => file.Rows.Where(row => file.Book != "events-" || row.GetProperty("position").GetInt64() < begins))
            .OrderBy(row => row.GetProperty("position").GetInt64()).ToList();
        var book = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray().Take(rows.Count).ToList();
        Assert.Equal(book.Select(KeyOf), rows.Select(KeyOf));
        Assert.Contains(rows, row => row.Text("stream")!.EndsWith("c-3"));
        Assert.DoesNotContain(rows, row => row.Text("stream")!.Contains("lost"));

        static string KeyOf(JsonElement row) => $"{row.GetProperty("position")} {row.Text("stream")} {row.GetProperty("sequence")} {row.Text("created")}";
        string[] Files() => Directory.Exists(Path.Combine(node.Data, "lake")) ? Directory.GetFiles(Path.Combine(node.Data, "lake"), "*.ndjson") : [];
        async Task RecordAsync(params string[] calls)
        {
            foreach (var call in calls)
            {
                (await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()))).Require(201);
            }
        }

        async Task UntilWrittenAsync()
        {
            var last = (await node.GetAsync("/v1/stats")).Json.GetProperty("journal").GetProperty("position").GetInt64();
            await Patience.UntilAsync(
                async () =>
                {
                    clock.Advance(TimeSpan.FromMinutes(2));
                    var destination = (await node.GetAsync("/v1/alerts")).Require(200).Json.GetProperty("destinations")[0];
                    return destination.GetProperty("position") is { ValueKind: JsonValueKind.Number } at && at.GetInt64() >= last
                        && Files().MaxBy(File.GetLastWriteTimeUtc) is { } newest && long.Parse(Path.GetFileNameWithoutExtension(newest)[^20..]) >= last;
                },
                "it is written");
        }
    }

    [Fact]
    public async Task a_full_disk_is_said_and_each_row_is_written_once_when_there_is_room()
    {
        var clock = new SettableClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        await using var disk = await SmallDisk.MountAsync(Path.Combine(node.Data, "lake"));
        if (disk is null)
        {
            return;
        }

        disk.Fill();
        using var receiver = new WebhookReceiver(Secret);
        await ConfigureAsync(node, """{"name":"lake","directory":"lake"},""" + Hook(receiver));
        await UntilStateAsync(node, "it is said", one => ErrorOf(one).Contains("space", StringComparison.OrdinalIgnoreCase));
        await RefuseAsync(node, "s-1", "c-1");
        await receiver.UntilAsync(1);
        disk.Empty();
        await Patience.UntilAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromMinutes(2));
                return Task.FromResult(Rows().Any(row => row.Text("stream")!.EndsWith("c-1")));
            },
            "it is written");
        await UntilStateAsync(node, "nothing is in the way", one => ErrorOf(one).Length == 0);
        var positions = Rows().Select(row => row.GetProperty("position").GetInt64()).ToList();
        Assert.Equal(positions.Order().Distinct(), positions);

        // Who comes there by another way is told that somebody writes.
        Directory.CreateSymbolicLink(Path.Combine(node.Data, "other"), Path.Combine(node.Data, "lake"));
        Write(node, """{"name":"lake","directory":"lake"},{"name":"other","directory":"other"}""");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/alerts")).Json.GetProperty("destinations").EnumerateArray().Select(ErrorOf)
                .Count(error => error.Contains("being used by another process")) == 1,
            "one of the two writes");

        IEnumerable<JsonElement> Rows() => Directory.GetFiles(Path.Combine(node.Data, "lake"), "*.ndjson").Order()
            .SelectMany(File.ReadAllLines).Select(line => JsonElement.Parse(line));
    }

    [PostgresFact]
    public async Task whoever_asks_another_node_has_it_sent_by_the_one_that_sends()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var first = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var second = await first.StartBesideAsync();
        var isUp = false;
        using var receiver = new WebhookReceiver(Secret, (_, _) => Task.FromResult(isUp ? 200 : 410));
        await ConfigureAsync(first, Hook(receiver));
        Write(second, Hook(receiver));
        await RefuseAsync(second, "s-1", "c-1");
        await UntilStateAsync(second, "it is given up", one => one.GetProperty("dead").GetArrayLength() == 1);
        Assert.Equal("standing_by", (await second.GetAsync("/v1/alerts")).Json.Text("state"));
        isUp = true;
        (await second.PostAsync("/v1/alerts/again", """{"destination":"hook"}""")).Require(200);
        await UntilStateAsync(second, "it is taken", one => one.GetProperty("sent").GetInt64() == 1);
        Assert.Equal(2, receiver.All.Count);
        using var browser = await PageBrowser.SignedInAsync(second, second.AdminToken);
        Assert.Contains("Another node of this store sends", (await browser.GetAsync("/alerts")).Require(200).Text);
    }
}
