using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Trust, 11: a violation never disappears. Whoever lifts it later makes it wait for a person all the same.</summary>
public sealed class Point11ReviewTests(Point11ReviewTests.Book book) : IClassFixture<Point11ReviewTests.Book>
{
    private const string Approved = """{"kind":"approved","decision":"approve-once","by":"alice"}""";
    private const string Forgotten = """{"kind":"persistence_failed","result":null,"error":"disk"}""";

    private TestNode Node => book.Node;

    [Trait("Point", "11")]
    [Fact]
    public async Task two_back_dated_messages_lift_a_violation_out_of_no_list()
    {
        const string Call = "lifted";
        await ViolateAsync(Call);
        await LiftLaterAsync(Call);

        var violation = await ViolationAsync(Call);
        Assert.True(violation.GetProperty("lifted").GetBoolean());
        Assert.Equal("waiting", violation.Text("review"));
        Assert.True(violation.GetProperty("lifted_after").GetDouble() >= 600);
        Assert.Equal(0, (await CallAsync(Call)).GetProperty("violations").GetInt32());
        Assert.Equal(1, (await CallAsync(Call)).GetProperty("unreviewed").GetInt32());
        Assert.Equal("waiting", (await MessageAsync(Call, 2)).Text("review"));
        Assert.Contains(Call, await ListedAsync("review=waiting"));
        Assert.Contains(Call, await ListedAsync("review=waiting&lifted=true"));
        Assert.Contains(Call, await ListedAsync(""));
        await Patience.UntilAsync(async () => (await FoundAsync("is:unreviewed")).Contains(Call), "it is searched");

        var waiting = (await Node.GetAsync("/v1/stats")).Require(200).Json.GetProperty("unreviewed").GetInt64();
        Assert.Equal((await ListedAsync("review=waiting")).Count, waiting);
        Assert.Contains($"audit_violations_unreviewed {waiting}\n", (await Node.GetAsync("/metrics")).Require(200).Text);
        using var reader = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("reader-of-lists", ["read"]));
        Assert.Contains("Violations to review", (await reader.GetAsync("/overview")).Require(200).Text);
        var list = (await reader.GetAsync("/violations?review=waiting")).Require(200).Text;
        Assert.Contains("waits for review", list);
        Assert.Contains("lifted after", list);
        Assert.Contains($"call={Call}", list);
    }

    [Fact]
    public async Task who_reported_a_violation_does_not_review_it()
    {
        const string Call = "own";
        await ViolateAsync(Call);

        (await book.Host.PostAsync(PathOf(Call), Body("standing_refusal", 2))).Problem(403);
        using var eve = Node.ClientWith(await Node.TokenAsync("eve-phone", ["approve"], person: "eve"));
        Assert.Contains("another person", (await eve.PostAsync(PathOf(Call), Body("standing_refusal", 2))).Problem(403));
        using var reader = await Node.ClientAsync("mere-reader", "read");
        (await reader.PostAsync(PathOf(Call), Body("standing_refusal", 2))).Problem(403);

        Assert.Equal("waiting", (await ViolationAsync(Call)).Text("review"));
    }

    [Fact]
    public async Task a_review_covers_what_was_seen_and_a_later_rejudgement_reopens_it()
    {
        const string Call = "reviewed";
        await ViolateAsync(Call);
        Assert.Contains("at sequence 1", (await ReviewAsync(Call, "not_allowed", 1)).Problem(422));
        (await ReviewAsync(Call, "sunny", 2)).Problem(422);
        (await book.Maria.PostAsync(PathOf(Call), """{"sequences":[2],"verdicts":["standing_refusal"]}""")).Problem(422);

        var first = (await ReviewAsync(Call, "standing_refusal", 2)).Require(201).Json.GetProperty("position").GetInt64();
        var again = (await ReviewAsync(Call, "standing_refusal", 2)).Require(200).Json;
        Assert.Equal(("duplicate", first), (again.Text("status"), again.GetProperty("position").GetInt64()));
        var violation = await ViolationAsync(Call);
        Assert.Equal(("reviewed", "maria", "seen"), (
            violation.Text("review"), violation.Text("reviewed_by"), violation.Text("review_reason")));
        Assert.NotEmpty(violation.Text("reviewed_at"));
        Assert.DoesNotContain(Call, await ListedAsync("review=waiting"));

        await LiftLaterAsync(Call);

        Assert.Equal("reopened", (await ViolationAsync(Call)).Text("review"));
        Assert.Contains(Call, await ListedAsync("review=waiting"));
        Assert.Contains("\"lifted\"", (await ReviewAsync(Call, "standing_refusal", 2)).Problem(409));
        (await ReviewAsync(Call, "lifted", 2)).Require(201);
        Assert.Equal("reviewed", (await ViolationAsync(Call)).Text("review"));

        // Another refusal, dated between, makes it a violation once more.
        await SendAsync(Call, Records.Blocked(), second: 9);
        Assert.Equal("reopened", (await ViolationAsync(Call)).Text("review"));
        Assert.False((await ViolationAsync(Call)).GetProperty("lifted").GetBoolean());

        var events = (await Node.GetAsync("/v1/events?session=s&limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Where(item => item.Text("event") == "call.reviewed" && item.Text("tool_call_id") == Call).ToList();
        Assert.Equal(["standing_refusal", "lifted"], events.SelectMany(item => item.Texts("verdicts")));
        Assert.All(events, item => Assert.Equal("maria", item.Text("by")));

        await Node.RestartAsync();
        book.SignIn();
        (await ReviewAsync(Call, "lifted", 2)).Problem(409);
        (await ReviewAsync(Call, "standing_refusal", 2)).Require(201);
    }

    [Fact]
    public async Task a_record_that_looks_like_a_review_is_none()
    {
        const string Call = "forged";
        await ViolateAsync(Call);
        var outcome = """{"kind":"reviewed","sequences":[2],"verdicts":["standing_refusal"],"by":"maria","reason":"seen"}""";
        (await book.Host.PostAsync("/v1/records", Records.Item("s", Call, outcome, At(30)))).Require(422);
        var dressed = Records.Item("s", Call, Forgotten, At(31))
            .Replace("\"session_id\"", "\"event\":\"call.reviewed\",\"made_by_node\":true,\"sequences\":[2],\"verdicts\":[\"standing_refusal\"],\"session_id\"");
        await book.Host.PostAsync("/v1/records", dressed);

        Assert.Equal("waiting", (await ViolationAsync(Call)).Text("review"));
        Assert.Contains(Call, await ListedAsync("review=waiting"));
    }

    [Fact]
    public async Task what_is_lifted_at_once_is_explained_unless_a_decision_or_a_copy_of_the_book_named_it()
    {
        foreach (var call in new[] { "quick", "exported" })
        {
            await SendAsync(call, Records.Completed(output: "one"), second: 1);
            (await SendAsync(call, Records.Completed(output: "two"), second: 20)).Require(409);
            if (call == "exported")
            {
                (await Node.GetAsync("/v1/export")).Require(200);
            }

            (await SendAsync(call, Forgotten, second: 5)).Require(201);
        }

        await SendAsync("decided", Records.Asked(), second: 1);
        (await SendAsync("decided", """{"kind":"replayed","result":{"success":true,"output":"","data":null,"duration_ms":1}}""", 20))
            .Require(409);
        (await book.Maria.DecideAsync("/v1/sessions/s/calls/decided/decision", """{"decision":"approve-once"}""")).Require(201);
        (await SendAsync("decided", Forgotten, second: 5)).Require(201);

        Assert.Equal("explained", (await ViolationAsync("quick")).Text("review"));
        Assert.False((await ViolationAsync("quick")).TryGetProperty("lifted_after", out _));
        Assert.DoesNotContain("quick", await ListedAsync("review=waiting"));
        Assert.Contains("quick", await ListedAsync("review=explained"));
        Assert.Equal(0, (await CallAsync("quick")).GetProperty("unreviewed").GetInt32());
        Assert.Equal("waiting", (await ViolationAsync("exported")).Text("review"));
        Assert.Equal("waiting", (await ViolationAsync("decided")).Text("review"));
    }

    [Fact]
    public async Task the_pages_review_without_scripts_and_take_no_others_form()
    {
        await ViolateAsync("page");
        await ViolateAsync("list");
        using var browser = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("ann", ["read", "approve"]));
        var address = "/call?session=s&call=page";
        var page = (await browser.GetAsync(address)).Require(200);
        Assert.Contains("false alarm", page.Text);

        (await browser.PostAsync("/call/review", Fields("page", "wrong"))).Require(403);
        var secret = PageBrowser.SecretOf(page);
        var done = (await browser.PostAsync("/call/review", Fields("page", secret))).Require(303);
        Assert.Contains("recorded=", done.Headers["Location"]);
        Assert.Contains("reviewed message 2 (standing refusal): looked", (await browser.GetAsync(address)).Require(200).Text);
        (await browser.PostAsync("/call/review", Fields("list", secret))).Require(303);
        Assert.Equal("reviewed", (await ViolationAsync("page")).Text("review"));
        Assert.Equal("reviewed", (await ViolationAsync("list")).Text("review"));

        static (string, string)[] Fields(string call, string secret) =>
        [
            ("form_secret", secret), ("source", "laptop"), ("session", "s"), ("call", call), ("seen", "2:standing_refusal"), ("reason", "looked"),
        ];
    }

    private static string At(int second) =>
        new DateTime(2025, 1, 2, 3, 4, 0, DateTimeKind.Utc).AddSeconds(second).ToString("O");

    private static string PathOf(string call) => $"/v1/sessions/s/calls/{call}/review?source=laptop";

    private static string Body(string verdict, long sequence) =>
        JsonSerializer.Serialize(new { sequences = new[] { sequence }, verdicts = new[] { verdict }, reason = "seen" });

    private Task<Answer> ReviewAsync(string call, string verdict, long sequence) =>
        book.Maria.PostAsync(PathOf(call), Body(verdict, sequence));

    /// <summary>A success after a refusal: the second event of the call is a violation.</summary>
    private async Task ViolateAsync(string call)
    {
        (await SendAsync(call, Records.Blocked(), second: 1)).Require(201);
        (await SendAsync(call, Records.Completed(), second: 20)).Require(409);
    }

    private async Task LiftLaterAsync(string call)
    {
        book.Clock.Advance(TimeSpan.FromMinutes(10));
        await SendAsync(call, Forgotten, second: 5);
        await SendAsync(call, Approved, second: 6);
    }

    private Task<Answer> SendAsync(string call, string outcome, int second) =>
        book.Host.PostAsync("/v1/records", Records.Item("s", call, outcome, At(second)));

    private async Task<JsonElement> CallAsync(string call) =>
        (await Node.GetAsync($"/v1/sessions/s/calls/{call}")).Require(200).Json;

    private async Task<JsonElement> MessageAsync(string call, long sequence) =>
        (await CallAsync(call)).GetProperty("transitions").EnumerateArray()
            .Single(message => message.GetProperty("sequence").GetInt64() == sequence);

    private async Task<JsonElement> ViolationAsync(string call) =>
        (await Node.GetAsync("/v1/violations?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Single(violation => violation.Text("tool_call_id") == call);

    private async Task<IReadOnlyList<string>> ListedAsync(string query) =>
        (await Node.GetAsync("/v1/violations?limit=1000&" + query)).Require(200).Ids("tool_call_id");

    private async Task<IReadOnlyList<string>> FoundAsync(string query) =>
        (await Node.GetAsync("/v1/search?limit=1000&q=" + Uri.EscapeDataString(query))).Require(200).Ids("tool_call_id");

    /// <summary>One node whose clock can be set ahead, eve's host, and maria who approves.</summary>
    public sealed class Book : IAsyncLifetime
    {
        private string host = "";
        private string maria = "";

        internal SettableClock Clock { get; } = new();

        internal TestNode Node { get; private set; } = null!;

        internal HttpClient Host { get; private set; } = null!;

        internal HttpClient Maria { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await TestNode.StartAsync(clock: Clock);
            host = await Node.TokenAsync("laptop", ["ingest"], person: "eve");
            maria = await Node.TokenAsync("maria", ["approve"]);
            SignIn();
        }

        /// <summary>After a restart the node has another address.</summary>
        internal void SignIn() => (Host, Maria) = (Node.ClientWith(host), Node.ClientWith(maria));

        public async Task DisposeAsync()
        {
            Host.Dispose();
            Maria.Dispose();
            await Node.DisposeAsync();
        }
    }
}
