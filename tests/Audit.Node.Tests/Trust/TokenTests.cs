using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Whom tokens stand for, as what they report, and what they may do.</summary>
public sealed class TokenTests
{
    [Fact]
    public async Task a_token_to_report_with_needs_a_source_and_the_refusal_explains_it()
    {
        await using var node = await TestNode.StartAsync();
        var refused = (await node.PostAsync("/v1/tokens", """{"name":"ci-7","roles":["ingest"]}""")).Problem(422);
        Assert.StartsWith("source:", refused);
        Assert.Contains("a new source or one that is there", refused);
        Assert.StartsWith("source:", (await node.PostAsync("/v1/tokens", """{"name":"r","roles":["read"],"source":"ci"}""")).Problem(422));
    }

    [Fact]
    public async Task a_source_has_one_number_for_ever_and_the_journal_gave_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.TokenAsync("hooks", ["ingest"], source: "ci");
        await node.TokenAsync("exporter", ["ingest"], source: "ci");
        await node.TokenAsync("other", ["ingest"], source: "laptop");
        await node.Http.AnswerAsync(HttpMethod.Delete, "/v1/tokens/other");
        await node.TokenAsync("next", ["ingest"], source: "laptop");

        var sources = (await node.GetAsync("/v1/sources")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Select(source => (source.GetProperty("n").GetInt64(), source.Text("name")));
        Assert.Equal([(1, "admin"), (2, "ci"), (3, "laptop")], sources);
        var written = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Where(item => item.TryGetProperty("act", out var act) && act.GetString() == "source.created")
            .Select(item => item.GetProperty("detail"))
            .Select(detail => (detail.GetProperty("n").GetInt64(), detail.Text("name")));
        Assert.Equal([(1, "admin"), (2, "ci"), (3, "laptop")], written);
    }

    [Fact]
    public async Task a_number_is_not_given_again_when_the_table_forgot_it()
    {
        await using var node = await TestNode.StartAsync();
        await node.TokenAsync("hooks", ["ingest"], source: "ci");
        await node.StopAsync();
        TokenTable.Run(node.StoreFile, "DELETE FROM sources WHERE name = 'ci'");
        await node.StartAgainAsync();
        await node.TokenAsync("other", ["ingest"], source: "laptop");
        await node.TokenAsync("again", ["ingest"], source: "ci");
        Assert.Equal([(1, "admin"), (2, "ci"), (3, "laptop")], (await node.GetAsync("/v1/sources")).Json.GetProperty("items")
            .EnumerateArray().Select(source => (source.GetProperty("n").GetInt64(), source.Text("name"))));
    }

    [Fact]
    public async Task a_token_says_whom_it_stands_for_who_made_it_and_when_it_was_used()
    {
        await using var node = await TestNode.StartAsync();
        using var ann = node.ClientWith(await node.TokenAsync("ann-laptop", ["admin"], person: "ann"));
        (await ann.PostAsync("/v1/tokens", """{"name":"t","roles":["read"],"agents":["a","b"],"tasks":["t"],"sources":["ci"],"expires":"30d"}""")).Require(201);
        var row = (await node.GetAsync("/v1/tokens")).Json.GetProperty("items").EnumerateArray().ToDictionary(one => one.Text("name"));

        Assert.Equal(("ann", "admin"), (row["ann-laptop"].Text("person"), row["ann-laptop"].Text("created_by")));
        Assert.NotNull(row["ann-laptop"].Text("last_used_at"));
        Assert.Equal(("t", "ann"), (row["t"].Text("person"), row["t"].Text("created_by")));
        Assert.Equal(TimeSpan.FromDays(30), row["t"].GetProperty("expires_at").GetDateTime() - row["t"].GetProperty("created_at").GetDateTime());
        Assert.Equal(["a", "b"], row["t"].Texts("agents"));
        Assert.Equal(["ci"], row["t"].Texts("sources"));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, row["t"].GetProperty("last_used_at").ValueKind);
    }

    [Fact]
    public async Task an_administrator_administers_reads_and_exports_and_does_not_approve()
    {
        await using var node = await TestNode.StartAsync(firstRoles: ["admin"]);
        await node.RecordAsync(Records.Item("s", "c", Records.Asked()));
        Assert.Contains("approve", (await node.PostAsync("/v1/sessions/s/calls/c/decision", """{"decision":"approve-once"}""")).Problem(403));
        (await node.GetAsync("/v1/export?format=ndjson")).Require(200);
        Assert.Equal(Roles.None, Roles.Admin & Roles.Approve);
        Assert.False(new Bearer("x", Roles.Admin).HasAny(Roles.Approve));
        Assert.True(new Bearer("x", Roles.Admin).HasAny(Roles.Export));
        Assert.False(new Bearer("x", Roles.Read).HasAny(Roles.Export));
    }

    [Theory]
    [InlineData("approve")]
    [InlineData("admin")]
    public async Task who_decides_is_a_person(string role)
    {
        await using var node = await TestNode.StartAsync();
        var refused = await node.PostAsync("/v1/tokens", $$"""{"name":"x","roles":["{{role}}"],"person":"none"}""");
        Assert.StartsWith("person:", refused.Problem(422));
    }

    [Fact]
    public async Task a_token_bound_to_several_agents_speaks_of_each_and_must_name_one()
    {
        await using var node = await TestNode.StartAsync();
        var made = await node.PostAsync("/v1/tokens", """{"name":"x","roles":["ingest"],"source":"x","agents":["a","b"]}""");
        using var bound = node.ClientWith(made.Require(201).Json.Text("token"));
        (await bound.PostAsync("/v1/records", Records.Item("s", "c-1", Records.Completed(), agent: "a"))).Require(201);
        (await bound.PostAsync("/v1/records", Records.Item("s", "c-2", Records.Completed(), agent: "b"))).Require(201);
        Assert.StartsWith("agent:", (await bound.PostAsync("/v1/records", Records.Item("s", "c-3", Records.Completed(), agent: "c"))).Require(422).Json.Text("error"));
        Assert.StartsWith("agent:", (await bound.PostAsync("/v1/records", Records.Item("s", "c-4", Records.Completed()))).Require(422).Json.Text("error"));
    }

    [Fact]
    public async Task a_book_of_one_person_says_so_on_every_page_and_in_the_book()
    {
        await using var node = await TestNode.StartAsync(change: options => options with { AllowSelfApproval = true });
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        foreach (var page in new[] { "/overview", "/waiting", "/windows", "/tokens", "/session?id=none" })
        {
            Assert.Contains("--allow-self-approval", (await browser.GetAsync(page)).Text);
        }

        Assert.Contains("node.allows_self_approval", (await node.GetAsync("/v1/events")).Text);
        await using var other = await TestNode.StartAsync();
        using var there = await PageBrowser.SignedInAsync(other, other.AdminToken);
        Assert.DoesNotContain("--allow-self-approval", (await there.GetAsync("/overview")).Text);
    }

    [Fact]
    public async Task in_a_book_of_one_person_she_approves_her_own_and_the_event_says_so()
    {
        await using var node = await TestNode.StartAsync(change: options => options with { AllowSelfApproval = true });
        using var agent = node.ClientWith(await node.TokenAsync("laptop", ["ingest"], person: "eve"));
        using var eve = node.ClientWith(await node.TokenAsync("eve-phone", ["approve"], person: "eve"));
        using var other = await node.ClientAsync("maria", "approve");
        foreach (var (person, call) in new[] { (eve, "own"), (other, "others") })
        {
            (await agent.PostAsync("/v1/records", Records.Item("s", call, Records.Asked()))).Require(201);
            (await person.DecideAsync($"/v1/sessions/s/calls/{call}/decision", """{"decision":"approve-once"}""")).Require(201);
        }

        var own = (await node.GetAsync("/v1/sessions/s/calls/own/events")).Require(200).Text;
        Assert.Contains("\"self_approved\":true", own);
        Assert.DoesNotContain("self_approved", (await node.GetAsync("/v1/sessions/s/calls/others/events")).Text);
    }

    [Fact]
    public async Task a_name_that_is_taken_for_another_is_given_to_nobody()
    {
        await using var node = await TestNode.StartAsync();
        (await node.PostAsync("/v1/tokens", """{"name":"ann-laptop","roles":["ingest"],"person":"ann","source":"laptops"}""")).Require(201);
        (await node.PostAsync("/v1/tokens", """{"name":"ann-desk","roles":["ingest"],"person":"ann","source":"laptops"}""")).Require(201);

        foreach (var (member, name) in new[]
        {
            ("name", "Ann-laptop"), ("person", "ANN"), ("person", "\u0430nn"), ("person", "an\u200Bn"), ("person", "\uFF41nn"), ("source", "Laptops"),
        })
        {
            var wanted = new Dictionary<string, object>
            {
                ["name"] = "x", ["roles"] = new[] { "ingest", "approve" }, ["person"] = "bob", ["source"] = "desks", [member] = name,
            };
            var refused = (await node.PostAsync("/v1/tokens", JsonSerializer.Serialize(wanted))).Problem(422);
            Assert.StartsWith($"{member}: ", refused);
            Assert.Contains("which is another one", refused);
        }
    }

    [Fact]
    public async Task an_administrator_without_a_source_reports_nothing()
    {
        await using var node = await TestNode.StartAsync();
        using var ann = node.ClientWith(await node.TokenAsync("ann", ["admin"]));
        Assert.Contains("no source", (await ann.PostAsync("/v1/records", Records.Item("s", "c", Records.Completed()))).Problem(403));
    }
}
