using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// Trust, 14: the node makes the ids of windows, a host's name is its own, and who asked is a source or a person. What
/// was refused of a window waits for a person, as what is refused of a call does.
/// </summary>
public sealed class WindowNameTests(WindowNameTests.Book book) : IClassFixture<WindowNameTests.Book>
{
    private TestNode Node => book.Node;

    [Fact]
    public async Task two_sources_that_use_one_name_get_two_windows_and_neither_moves_the_others()
    {
        // Mallory was first, and takes nothing by that.
        var taken = await AskedAsync(book.Mallory, "nightly");
        var own = await AskedAsync(book.Asker, "nightly");
        Assert.NotEqual(taken, own);

        (await book.Mallory.PostAsync("/v1/windows/nightly/close", "")).Require(201);
        Assert.Equal("closed", (await WindowAsync(taken)).Text("state"));
        Assert.Equal("requested", (await WindowAsync(own)).Text("state"));
        Assert.StartsWith(
            "only who requested", (await book.Mallory.PostAsync($"/v1/windows/{own}/close", "")).Require(409).Json.Text("reason"));
        (await book.Mallory.PostAsync("/v1/windows/nightly/close?source=asker", "")).Require(409);

        // Who may see both says which; an address for each is in the answer.
        var several = await book.Maria.PostAsync("/v1/windows/nightly/approve", "");
        Assert.Contains("say which with source", several.Problem(300));
        var choices = several.Json.GetProperty("choices").EnumerateArray()
            .ToDictionary(one => one.Text("source"), one => one.Text("href"));
        Assert.Equal(["asker", "mallory"], choices.Keys.Order());
        (await book.Maria.PostAsync(choices["asker"], "")).Require(201);
        (await Node.GetAsync("/v1/windows/nightly")).Problem(300);
        (await Node.GetAsync("/v1/export?window=nightly")).Problem(300);
        Assert.Contains(own, (await Node.GetAsync("/v1/search?q=during:nightly")).Problem(400));
        Assert.Equal(own, (await Node.GetAsync("/v1/windows/nightly?source=asker")).Require(200).Json.Text("window_id"));
        Assert.Equal(taken, (await Node.GetAsync("/v1/window?window=nightly&source=mallory")).Require(200).Json.Text("window_id"));
        Assert.Contains("task-window|" + own, (await Node.GetAsync("/v1/export?window=nightly&source=asker")).Require(200).Text);
        using var browser = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("reader", ["read"]));
        Assert.Contains($"/window?id={own}", (await browser.GetAsync("/window?id=nightly")).Require(300).Text);
        Assert.Contains("nightly", (await browser.GetAsync($"/window?id={own}")).Require(200).Text);
    }

    [Fact]
    public async Task what_a_reader_may_not_see_is_no_choice()
    {
        await AskedAsync(book.Mallory, "hidden");
        var own = await AskedAsync(book.Asker, "hidden");
        await AskedAsync(book.Mallory, "theirs");
        using var bound = Node.ClientWith(await Node.TokenAsync("bound", ["read"], sees: "asker"));
        using var agents = Node.ClientWith(await Node.TokenAsync("of-agent", ["read"], agent: "another"));

        Assert.Equal(own, (await bound.GetAnswerAsync("/v1/windows/hidden")).Require(200).Json.Text("window_id"));
        Assert.Equal(
            (await bound.GetAnswerAsync("/v1/windows/never")).Problem(404).Replace("never", "theirs"),
            (await bound.GetAnswerAsync("/v1/windows/theirs")).Problem(404));
        (await agents.GetAnswerAsync("/v1/windows/hidden")).Problem(404);
        (await bound.GetAnswerAsync("/v1/windows/theirs?source=mallory")).Problem(404);
    }

    [Fact]
    public async Task the_same_request_again_is_the_same_window_whichever_token_of_the_source_sends_it()
    {
        var first = (await book.Asker.PostAsync("/v1/windows", Request("rotated"))).Require(201).Json;
        using var rotated = Node.ClientWith(await Node.TokenAsync("asker-2", ["ingest"], source: "asker", person: "bea"));
        var again = (await rotated.PostAsync("/v1/windows", Request("rotated"))).Require(200).Json;

        Assert.Equal(("duplicate", first.Text("window_id")), (again.Text("status"), again.Text("window_id")));
        Assert.Equal("asker", (await WindowAsync(first.Text("window_id"))).Text("requested_by"));
        var other = (await rotated.PostAsync("/v1/windows", Request("rotated").Replace("to look", "to change"))).Require(409).Json;
        Assert.Equal(first.Text("window_id"), other.Text("window_id"));
        (await rotated.PostAsync("/v1/windows/rotated/close", "")).Require(201);
    }

    [Fact]
    public async Task a_host_gives_no_ids_and_writes_nothing_of_windows_that_are_not_there()
    {
        Assert.Contains("alias", (await book.Mallory.PostAsync(
            "/v1/windows", Request("x").Replace("\"alias\"", "\"window_id\""))).Require(422).Json.Text("error"));
        var id = "w-" + new string('0', 32);
        (await book.Mallory.PostAsync("/v1/windows", Request(id))).Require(422);
        foreach (var act in new[] { $"{id}/close", "not-there/close", "not-there/close?source=asker" })
        {
            (await book.Mallory.PostAsync("/v1/windows/" + act, "")).Problem(404);
        }

        Assert.DoesNotContain(id, (await Node.GetAsync("/v1/events?limit=1000")).Require(200).Text);
    }

    [Fact]
    public async Task who_is_behind_the_source_says_yes_to_nothing_of_it_whatever_token_he_holds()
    {
        using var second = Node.ClientWith(await Node.TokenAsync("asker-3", ["ingest"], source: "asker", person: "carl"));
        using var carl = Node.ClientWith(await Node.TokenAsync("carl-phone", ["approve"], person: "carl"));
        using var alan = Node.ClientWith(await Node.TokenAsync("alan-phone", ["approve"], person: "alan"));
        var id = await AskedAsync(book.Asker, "own");

        foreach (var own in new[] { alan, carl })
        {
            Assert.Contains(
                "may not approve", (await own.PostAsync($"/v1/windows/{id}/approve", "")).Require(409).Json.Text("reason"));
        }

        (await book.Maria.PostAsync($"/v1/windows/{id}/approve", "")).Require(201);
        var later = book.Clock.GetUtcNow().AddHours(5).ToString("O");
        Assert.Contains(
            "may not extend",
            (await carl.PostAsync($"/v1/windows/{id}/extend", $$"""{"closes_at":"{{later}}"}""")).Require(409).Json.Text("reason"));

        // Nor does he grant it: what he grants waits for another person.
        var granted = (await alan.PostAsync(
            "/v1/windows", Request("granted").Replace("\"task_id\"", "\"grant\":true,\"sources\":[\"ask*\"],\"task_id\""))).Require(201).Json;
        Assert.Equal("requested", granted.Text("state"));
        Assert.Equal("alan", (await WindowAsync(granted.Text("window_id"))).Text("requested_by"));
        (await book.Maria.PostAsync($"/v1/windows/{granted.Text("window_id")}/approve", "")).Require(201);
    }

    [Fact]
    public async Task an_approval_by_a_token_that_a_party_made_is_none_or_says_so()
    {
        using var admin = Node.ClientWith(await Node.TokenAsync("alan-admin", ["admin"], person: "alan"));
        using var ghost = Node.ClientWith(
            (await admin.PostAsync("/v1/tokens", """{"name":"ghost","roles":["approve"]}""")).Require(201).Json.Text("token"));
        var id = await AskedAsync(book.Asker, "minted");
        Assert.Contains("may not approve", (await ghost.PostAsync($"/v1/windows/{id}/approve", "")).Require(409).Json.Text("reason"));

        // The first administrator makes everybody's tokens: what he asks for himself can be approved, and says so.
        var own = (await Node.PostAsync("/v1/windows", Request("of-admin"))).Require(201).Json.Text("window_id");
        (await book.Maria.PostAsync($"/v1/windows/{own}/approve", "")).Require(201);
        Assert.True((await WindowAsync(own)).GetProperty("minted_by_party").GetBoolean());
        var plain = await AskedAsync(book.Asker, "plain");
        (await book.Maria.PostAsync($"/v1/windows/{plain}/approve", "")).Require(201);
        Assert.False((await WindowAsync(plain)).GetProperty("minted_by_party").GetBoolean());
    }

    [Fact]
    public async Task a_refused_act_on_a_window_waits_for_review_by_another_person()
    {
        var id = await AskedAsync(book.Asker, "reviewed");
        (await book.Mallory.PostAsync($"/v1/windows/{id}/close", "")).Require(409);
        (await book.Mallory.PostAsync($"/v1/windows/{id}/close", """{"reason":"again"}""")).Require(409);

        Assert.Equal(2, (await WaitingAsync(id)).Count);
        var stats = (await Node.GetAsync("/v1/stats")).Require(200).Json.GetProperty("unreviewed").GetInt64();
        Assert.Equal((await Node.GetAsync("/v1/violations?limit=1000&review=waiting")).Require(200).Json.GetProperty("items").GetArrayLength(), stats);
        Assert.Contains($"audit_violations_unreviewed {stats}\n", (await Node.GetAsync("/metrics")).Require(200).Text);
        Assert.Equal(2, (await WindowAsync(id)).GetProperty("unreviewed").GetInt32());

        var path = $"/v1/windows/{id}/review";
        (await book.Mallory.PostAsync(path, Review(2))).Problem(403);
        using var mallory = Node.ClientWith(await Node.TokenAsync("mallory-phone", ["approve"], person: "mallory"));
        Assert.Contains("another person", (await mallory.PostAsync(path, Review(2))).Problem(403));
        using var alan = Node.ClientWith(await Node.TokenAsync("alan-tablet", ["approve"], person: "alan"));
        (await alan.PostAsync(path, Review(2))).Problem(403);
        Assert.Contains("at sequence 1", (await book.Maria.PostAsync(path, Review(1))).Problem(422));
        Assert.Contains("not_allowed", (await book.Maria.PostAsync(path, Review(2, "lifted"))).Problem(409));

        var done = (await book.Maria.PostAsync(path, Review(2))).Require(201).Json;
        Assert.Equal("requested", done.Text("state"));
        Assert.Equal("duplicate", (await book.Maria.PostAsync(path, Review(2))).Require(200).Json.Text("status"));
        var waiting = Assert.Single(await WaitingAsync(id));
        Assert.Equal(3, waiting.GetProperty("sequence").GetInt64());
        var reviewed = (await Node.GetAsync("/v1/violations?limit=1000&review=reviewed")).Require(200).Json.GetProperty("items")
            .EnumerateArray().Single(one => one.Text("window_id") == id);
        Assert.Equal(("maria", "seen", "not_allowed"), (
            reviewed.Text("reviewed_by"), reviewed.Text("review_reason"), reviewed.Text("verdict")));
        var history = (await WindowAsync(id)).GetProperty("history").EnumerateArray().ToList();
        Assert.Equal(
            ["window.requested", "window.violated", "window.violated", "window.reviewed"], history.Select(one => one.Text("event")));
        Assert.Equal(("reviewed", "waiting"), (history[1].Text("review"), history[2].Text("review")));

        using var nora = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("nora", ["read", "approve"]));
        Assert.Contains("Refused, and not reviewed", (await nora.GetAsync($"/window?id={id}")).Require(200).Text);
        (await nora.SubmitAsync(
            $"/window?id={id}", "/call/review", ("window", id), ("seen", "3:not_allowed"), ("reason", "looked"))).Require(303);
        Assert.Empty(await WaitingAsync(id));
        Assert.DoesNotContain("Refused, and not reviewed", (await nora.GetAsync($"/window?id={id}")).Require(200).Text);

        // A review moves nothing, also not for a node that begins anew.
        (await book.Maria.PostAsync($"/v1/windows/{id}/approve", "")).Require(201);
        Assert.Equal(stats - 2, (await Node.GetAsync("/v1/stats")).Require(200).Json.GetProperty("unreviewed").GetInt64());
    }

    private static string Review(long sequence, string verdict = "not_allowed") =>
        JsonSerializer.Serialize(new { sequences = new[] { sequence }, verdicts = new[] { verdict }, reason = "seen" });

    private static string Request(string alias) =>
        $$"""{"alias":"{{alias}}","task_id":"t","agent":"a","scope":["*"],"reason":"to look","duration":"2h"}""";

    private static async Task<string> AskedAsync(HttpClient by, string alias) =>
        (await by.PostAsync("/v1/windows", Request(alias))).Require(201).Json.Text("window_id");

    private async Task<JsonElement> WindowAsync(string id) => (await Node.GetAsync($"/v1/windows/{id}")).Require(200).Json;

    private async Task<List<JsonElement>> WaitingAsync(string window) =>
        [.. (await Node.GetAsync("/v1/violations?limit=1000&review=waiting")).Require(200).Json.GetProperty("items")
            .EnumerateArray().Where(one => one.Text("window_id") == window)];

    /// <summary>One node, two hosts that distrust each other, and maria who approves.</summary>
    public sealed class Book : IAsyncLifetime
    {
        internal SettableClock Clock { get; } = new();

        internal TestNode Node { get; private set; } = null!;

        internal HttpClient Asker { get; private set; } = null!;

        internal HttpClient Mallory { get; private set; } = null!;

        internal HttpClient Maria { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await TestNode.StartAsync(clock: Clock);
            Asker = Node.ClientWith(await Node.TokenAsync("asker", ["ingest"], person: "alan"));
            Mallory = Node.ClientWith(await Node.TokenAsync("mallory", ["ingest"]));
            Maria = await Node.ClientAsync("maria", "approve");
        }

        public async Task DisposeAsync()
        {
            Asker.Dispose();
            Mallory.Dispose();
            Maria.Dispose();
            await Node.DisposeAsync();
        }
    }
}
