using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Audit.Api.Cases;
using Audit.Lifecycle.Sessions;
using Audit.Lifecycle.Time;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Audit.Projections;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Acts;

/// <summary>Cases: what somebody puts together is in the book, and goes out as one file that proves itself.</summary>
public sealed class CaseTests(CaseTests.Book book) : IClassFixture<CaseTests.Book>
{
    private const string Pinned = """{"source":"laptop","session_id":"s","tool_call_id":"wrong","note":"the first of them"}""";

    private TestNode Node => book.Node;

    [Fact]
    public async Task a_case_has_pins_notes_and_an_end_with_who_and_when()
    {
        var id = await OpenAsync("What maria's agent did");
        var call = (await ActAsync(id, "pins", Pinned)).Require(200).Json.GetProperty("pinned")[0];
        Assert.Equal(("laptop", "s", "wrong", "the first of them", "maria"), (
            call.Text("source"), call.Text("session_id"), call.Text("tool_call_id"), call.Text("note"), call.Text("by")));
        Assert.Contains("the host reported success", call.Text("sentence"));
        Assert.True(call.GetProperty("through").GetInt64() > 0);
        Assert.Contains("pinned already", (await ActAsync(id, "pins", Pinned)).Problem(409));
        await ActAsync(id, "pins", $$"""{"window_id":"{{book.Window}}"}""");
        await ActAsync(id, "pins", """{"query":"session:s is:violation"}""");
        (await ActAsync(id, "notes", """{"note":"two lines\nof it"}""")).Require(200);
        var shown = (await Node.GetAsync($"/v1/cases/{id}")).Require(200).Json;
        Assert.Equal(3, shown.GetProperty("pinned").GetArrayLength());
        Assert.Contains("asked for 2 h of", shown.GetProperty("pinned")[1].Text("sentence"));
        Assert.Equal("1 call found; 1 violation.", shown.GetProperty("pinned")[2].Text("sentence"));

        var pin = call.GetProperty("pin").GetInt64();
        (await ActAsync(id, "unpin", $$"""{"pin":{{pin}},"note":"it was another one"}""")).Require(200);
        (await ActAsync(id, "unpin", $$"""{"pin":{{pin}}}""")).Problem(404);
        var closed = (await ActAsync(id, "close", """{"note":"nothing came of it"}""")).Require(200).Json;
        Assert.Equal(("closed", "maria", 2, 1), (
            closed.Text("state"), closed.Text("closed_by"), closed.GetProperty("pins").GetInt32(), closed.GetProperty("notes").GetInt32()));
        Assert.Equal(
            ["case.opened", "case.pinned", "case.pinned", "case.pinned", "case.noted", "case.unpinned", "case.closed"],
            closed.GetProperty("history").EnumerateArray().Select(act => act.Text("act")));
        Assert.All(closed.GetProperty("history").EnumerateArray(), act => Assert.Equal("maria", act.Text("by")));
        Assert.Contains("maria closed it", (await ActAsync(id, "notes", """{"note":"one more"}""")).Problem(409));

        // They are events of the book, in the case's own stream, and a case is known to another node that starts.
        var act = closed.GetProperty("history")[4];
        var row = (await Node.GetAsync($"/v1/events/{act.GetProperty("position")}")).Require(200).Json;
        Assert.Equal(("operator.acted", "case.noted", "maria-phone"), (
            row.GetProperty("event").Text("event"), row.GetProperty("event").Text("act"), row.GetProperty("event").Text("token")));
        Assert.Contains(id, (await Node.GetAsync("/v1/cases?open=false")).Ids("id"));
        Assert.DoesNotContain(id, (await Node.GetAsync("/v1/cases?open=true")).Ids("id"));
    }

    [Fact]
    public async Task the_list_says_of_a_case_what_the_case_says_after_each_act_on_each_node()
    {
        var id = await OpenAsync("A list of what was done");
        var pin = 0L;
        foreach (var (what, body) in ((string, string)[])
            [
                ("pins", Pinned), ("pins", """{"query":"session:s"}"""), ("notes", """{"note":"a"}"""), ("unpin", "{}"), ("notes", """{"note":"b"}"""),
                ("pins", """{"query":"session:t"}"""), ("close", """{"note":"done"}"""),
            ])
        {
            var one = (await ActAsync(id, what, what == "unpin" ? $$"""{"pin":{{pin}}}""" : body)).Require(200).Json;
            pin = one.GetProperty("pinned")[0].GetProperty("pin").GetInt64();
            Assert.Equal(SummaryOf(one), SummaryOf(await ListedAsync(Node)));
        }

        Assert.Contains("case.closed", (await Node.GetAsync($"/v1/cases/{id}")).Require(200).Text);
        (await book.Maria.GetAsync($"/v1/cases/{id}/export")).EnsureSuccessStatusCode();
        Assert.Equal(SummaryOf((await Node.GetAsync($"/v1/cases/{id}")).Require(200).Json), SummaryOf(await ListedAsync(Node)));
        Assert.Equal("A list of what was done", (await ListedAsync(Node)).Text("title"));

        async Task<JsonElement> ListedAsync(TestNode node) => (await node.GetAsync("/v1/cases?limit=1000")).Require(200).Json
            .GetProperty("items").EnumerateArray().Single(one => one.Text("id") == id);
        static string SummaryOf(JsonElement one) => string.Join(' ', new[]
            { "title", "state", "opened_by", "opened_at", "closed_by", "closed_at", "pins", "notes", "last_at" }
            .Select(name => one.GetProperty(name).GetRawText()));
    }

    [Fact]
    public async Task what_there_was_no_time_to_search_for_says_so_and_keeps_nothing_else_from_being_read()
    {
        var reads = Node.Running.Services.GetRequiredService<ReadSide>();
        var (clock, now) = (new NoTime(), Timestamp.From(DateTimeOffset.UtcNow));
        var pins = new[] { "session:s", "is:violation" }
            .Select((query, index) => new CasePin(index, default, null, null, query, null, "maria", now, null))
            .Append(new CasePin(9, new SessionName("laptop", "s"), "wrong", null, null, null, "maria", now, null)).ToList();
        var found = await new CaseLooks(reads, new SearchQuota(clock), clock)
            .OfAsync(pins, reads.For(ReadScope.All), new Bearer("maria", Roles.Read), CancellationToken.None);
        Assert.Equal([true, true, false], found.Select(look => look.IsCut));
        Assert.All(found.Take(2), look => Assert.Equal("it was not searched for: the searches of a case have 5 s together.", look.Sentence!.Text));
        Assert.Contains("the host reported success", found[2].Sentence!.Text);

        // With time they are all answered.
        var well = await new CaseLooks(reads, new SearchQuota(TimeProvider.System), TimeProvider.System)
            .OfAsync(pins, reads.For(ReadScope.All), new Bearer("maria", Roles.Read), CancellationToken.None);
        Assert.All(well.Take(2), look => Assert.Contains("found", look.Sentence!.Text));
        Assert.DoesNotContain(well, look => look.IsCut);
    }

    /// <summary>By it all the time that somebody gives is over at once.</summary>
    private sealed class NoTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            callback(state);
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public async Task the_list_goes_on_where_a_page_ended()
    {
        var ids = new List<string>();
        for (var number = 0; number < 3; number++)
        {
            ids.Insert(0, await OpenAsync($"page {number}"));
        }

        var (found, cursor) = (new List<string>(), "");
        do
        {
            var page = (await Node.GetAsync("/v1/cases?limit=2" + cursor)).Require(200);
            found.AddRange(page.Ids("id"));
            cursor = page.Json.GetProperty("next") is { ValueKind: JsonValueKind.String } next ? "&cursor=" + next.GetString() : "";
        }
        while (cursor.Length > 0);
        Assert.Equal(ids, found.Where(ids.Contains));
        Assert.Equal(found.Count, found.Distinct().Count());
    }

    [Fact]
    public async Task who_only_reads_adds_nothing_and_who_is_bound_sees_no_case()
    {
        var id = await OpenAsync("not for all");
        using var reader = await Node.ClientAsync("case-reader", "read");
        (await reader.GetAnswerAsync($"/v1/cases/{id}")).Require(200);
        (await reader.PostAsync("/v1/cases", """{"title":"mine"}""")).Problem(403);
        (await reader.PostAsync($"/v1/cases/{id}/notes", """{"note":"mine"}""")).Problem(403);
        using var bound = Node.ClientWith(await Node.TokenAsync("case-bound", ["read", "approve"], agent: "a"));
        foreach (var path in new[] { "/v1/cases", $"/v1/cases/{id}", $"/v1/cases/{id}/export" })
        {
            Assert.Contains("is bound", (await bound.GetAnswerAsync(path)).Problem(403));
        }

        (await bound.PostAsync("/v1/cases", """{"title":"mine"}""")).Problem(403);
    }

    [Theory]
    [InlineData("pins", "{}", 422)]
    [InlineData("pins", """{"source":"laptop","session_id":"s"}""", 422)]
    [InlineData("pins", """{"query":"x","window_id":"w"}""", 422)]
    [InlineData("pins", """{"source":"laptop","session_id":"s","tool_call_id":"nowhere"}""", 404)]
    [InlineData("pins", """{"window_id":"w-nothing"}""", 404)]
    [InlineData("pins", """{"query":"tool:"}""", 400)]
    [InlineData("notes", "{}", 422)]
    [InlineData("notes", """{"note":"  "}""", 422)]
    [InlineData("notes", """{"note":"x","more":1}""", 422)]
    [InlineData("unpin", """{"pin":"one"}""", 422)]
    public async Task what_cannot_be_done_is_refused_with_a_sentence(string what, string body, int status)
    {
        Assert.NotEmpty((await ActAsync(await OpenAsync("refusals"), what, body)).Problem(status));
    }

    [Fact]
    public async Task a_case_that_is_not_there_is_not_found()
    {
        Assert.Contains("There is no case", (await Node.GetAsync("/v1/cases/c-nothing")).Problem(404));
        Assert.Contains("There is no case", (await Node.GetAsync("/v1/cases/c-nothing/export")).Problem(404));
        Assert.Contains("There is no case", (await ActAsync("c-nothing", "notes", """{"note":"x"}""")).Problem(404));
        Assert.Contains("There is no case", (await ActAsync("%7C%2F", "notes", """{"note":"x"}""")).Problem(404));
        (await Node.GetAsync("/v1/cases?cursor=nonsense")).Problem(400);
        (await Node.GetAsync("/v1/cases?open=maybe")).Problem(400);
        (await book.Maria.PostAsync("/v1/cases", """{"title":""}""")).Problem(422);
    }

    [Fact]
    public async Task a_secret_in_a_note_is_stored_nowhere()
    {
        var secret = "ghp_" + new string('q', 12) + "R7t2Zk9WbX4mC1vN8sLpA3eD";
        var id = await OpenAsync("with " + secret);
        await ActAsync(id, "notes", $$"""{"note":"she used {{secret}} there"}""");
        var shown = (await Node.GetAsync($"/v1/cases/{id}")).Require(200).Text;
        Assert.DoesNotContain(secret, shown);
        Assert.Contains("she used", shown);
    }

    [Fact]
    public async Task an_export_is_verified_by_the_logs_key_and_fails_when_a_byte_is_changed()
    {
        var id = await OpenAsync("<script>alert('title')</script>");
        await ActAsync(id, "pins", """{"source":"laptop","session_id":"s","tool_call_id":"wrong","note":"<img src=x onerror=alert(1)>"}""");
        await ActAsync(id, "pins", $$"""{"window_id":"{{book.Window}}"}""");
        await ActAsync(id, "notes", """{"note":"read \u202ethis\nand that"}""");
        var file = await ExportAsync(id);
        var found = (await VerifyAsync(file)).Integrity;
        Assert.Empty(found.Faults);
        Assert.Equal((true, 0L), (found.IsPart, found.Contents!.WithoutKey));
        var history = (await Node.GetAsync($"/v1/cases/{id}")).Require(200).Json.GetProperty("history").EnumerateArray().ToList();
        Assert.Equal("case.exported", history[^1].Text("act"));
        Assert.Equal(history[^1].GetProperty("position").GetInt64(), found.ReportedAt);

        // All of the case, of the call, of the window and of what was done in it, and of nothing else.
        var streams = Lines(file, "rows.ndjson").Select(line => line.Text("persistence_id")).Distinct();
        Assert.Equal(
            [$"call|laptop|s-w|inside", "call|laptop|s|wrong", $"operator|case|{id}", $"task-window|{book.Window}"],
            streams.Where(name => !name.StartsWith("operator|contents|") && !name.StartsWith("operator|log-keys")).Order(StringComparer.Ordinal));

        // The page escapes all that came from elsewhere, and what it comes to stands before the rest.
        var report = Read(file, "report.html");
        Assert.DoesNotContain("<script", report);
        Assert.DoesNotContain("<img", report);
        Assert.DoesNotContain('\u202e', report);
        Assert.Contains("[U+202E]", report);
        Assert.Contains("&lt;script&gt;", report);
        Assert.True(report.IndexOf("the host reported success", StringComparison.Ordinal) is > 0 and var sentence
            && sentence < report.IndexOf("Its messages", StringComparison.Ordinal));
        Assert.DoesNotContain("http://", report);
        Assert.DoesNotContain("https://", report);

        var other = new VerifyOptions { TrustedKey = VerifierKey.Parse((await new Log.LogClient(book.Other).LogAsync()).Text("key")) };
        Assert.NotEmpty((await LogVerifier.VerifyBundleAsync(file, other, null, default)).Integrity.Faults);
        Assert.Contains(
            IntegrityFaultKind.ReportDiffers, await FaultsAsync(file, "report.html", text => text.Replace("reported success", "reported failure")));
        Assert.Contains(
            IntegrityFaultKind.RowChanged, await FaultsAsync(file, "rows.ndjson", text => text.Replace(
                "\"message\":\"eyJ2", "\"message\":\"eyJ3", StringComparison.Ordinal)));
        // Nor is a row of the case kept back unseen.
        Assert.Contains(
            IntegrityFaultKind.RowsMissing, await FaultsAsync(file, "rows.ndjson", text => string.Concat(
                text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Index()
                    .Where(line => !line.Item.Contains($"|{id}\",\"sequence_number\":4")).Select(line => line.Item + "\n"))));
    }

    [Fact]
    public async Task an_export_of_what_was_erased_opens_it_no_more()
    {
        const string Word = "zanzibar";
        (await book.Host.PostAsync("/v1/records", Records.Item("gone", "c", Records.Completed(output: Word)))).Require(201);
        var id = await OpenAsync("erased later");
        (await ActAsync(id, "pins", """{"source":"laptop","session_id":"gone","tool_call_id":"c"}""")).Require(200);
        var before = await ExportAsync(id);
        Assert.Contains(Lines(before, "keys.ndjson"), line => line.Text("persistence_id") == "call|laptop|gone|c");

        using var alice = Node.ClientWith(await Node.TokenAsync("alice", ["approve"]));
        using var bob = Node.ClientWith(await Node.TokenAsync("bob", ["approve"]));
        using var carol = Node.ClientWith(await Node.TokenAsync("carol", ["approve"]));
        var order = (await alice.PostAsync("/v1/erasures", """{"source":"laptop","session_id":"gone","reason":"asked for"}""")).Require(201).Json.Text("id");
        (await bob.PostAsync($"/v1/erasures/{order}/confirm", "{}")).Require(200);
        (await carol.PostAsync($"/v1/erasures/{order}/confirm", """{"now":true}""")).Require(200);
        await Patience.UntilAsync(
            async () => (await Node.GetAsync($"/v1/erasures/{order}")).Json.Text("state") == "erased", "it is erased");

        var file = await ExportAsync(id);
        Assert.Empty((await VerifyAsync(file)).Integrity.Faults);
        Assert.DoesNotContain(Lines(file, "keys.ndjson"), line => line.Text("persistence_id") == "call|laptop|gone|c");
        Assert.DoesNotContain(Word, Read(file, "report.html"));
        Assert.Contains("completed", Read(file, "report.html"));
    }

    [Fact]
    public async Task a_review_says_what_was_found_and_who_finds_otherwise_is_heard_again()
    {
        const string Path = "/v1/sessions/s/calls/found/review?source=laptop";
        await book.ViolateAsync("found");
        Assert.Contains("accepted are acknowledged", (await book.Maria.PostAsync(Path, Body("nonsense"))).Problem(422));
        (await book.Maria.PostAsync(Path, Body("escalated"))).Require(201);
        (await book.Maria.PostAsync(Path, Body("escalated"))).Require(200);
        Assert.Equal(("reviewed", "escalated"), await FindingAsync());
        (await book.Maria.PostAsync(Path, Body("false_alarm"))).Require(201);
        Assert.Equal(("reviewed", "false_alarm"), await FindingAsync());
        using var browser = await PageBrowser.SignedInAsync(Node, Node.AdminToken);
        Assert.Contains("false alarm", (await browser.GetAsync("/call?source=laptop&session=s&call=found")).Require(200).Text);

        static string Body(string finding) =>
            $$"""{"sequences":[2],"verdicts":["standing_refusal"],"reason":"seen","finding":"{{finding}}"}""";

        async Task<(string, string)> FindingAsync()
        {
            var violation = (await Node.GetAsync("/v1/violations?limit=100")).Require(200).Json.GetProperty("items").EnumerateArray()
                .Single(one => one.Text("tool_call_id") == "found");
            return (violation.Text("review"), violation.Text("finding"));
        }
    }

    [Fact]
    public async Task pages_pin_note_and_close_without_scripts()
    {
        using var browser = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("ann", ["read", "approve"]));
        var call = (await browser.GetAsync("/call?source=laptop&session=s&call=wrong")).Require(200).Text;
        Assert.Contains("/cases?source=laptop&amp;session=s&amp;call=wrong", call);
        Assert.Contains("Pin to a case", (await browser.GetAsync("/window?id=" + book.Window)).Require(200).Text);
        Assert.Contains("Pin to a case", (await browser.GetAsync("/search?q=session:s")).Require(200).Text);
        const string Pinning = "/cases?source=laptop&session=s&call=wrong";
        var opened = await browser.SubmitAsync(
            Pinning, "/cases", ("title", "by page"), ("source", "laptop"), ("session", "s"), ("call", "wrong"));
        var place = opened.Require(303).Headers["Location"].Split('&')[0];
        var id = place["/case?id=".Length..];
        Assert.Contains("the host reported success", (await browser.GetAsync(place)).Require(200).Text);
        (await browser.SubmitAsync(Pinning, "/case/pins", ("case", id), ("q", "session:s"), ("note", "<b>all</b>"))).Require(303);
        (await browser.SubmitAsync(place, "/case/notes", ("case", id), ("note", "by hand"))).Require(303);
        (await browser.SubmitAsync(place, "/case/unpin", ("case", id), ("pin", "2"))).Require(303);
        (await browser.PostAsync("/case/notes", ("form_secret", "forged"), ("case", id), ("note", "no"))).Require(403);
        (await browser.SubmitAsync(place, "/case/close", ("case", id))).Require(303);
        var page = (await browser.GetAsync(place)).Require(200).Text;
        Assert.Contains("&lt;b&gt;all&lt;/b&gt;", page);
        Assert.Contains("by hand", page);
        Assert.DoesNotContain("Close the case", page);
        Assert.Contains("by page", (await browser.GetAsync("/cases?open=false")).Require(200).Text);
        Assert.Equal(200, (await browser.GetAsync($"/v1/cases/{id}/export")).Status);

        using var reader = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("page-reader", ["read"]));
        Assert.DoesNotContain("Pin to a case", (await reader.GetAsync("/window?id=" + book.Window)).Require(200).Text);
        using var bound = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("page-bound", ["read", "approve"], sees: "laptop"));
        (await bound.GetAsync("/cases")).Require(403);
        Assert.DoesNotContain("href=\"/cases", (await bound.GetAsync("/call?source=laptop&session=s&call=wrong")).Require(200).Text);
    }

    private async Task<string> OpenAsync(string title) => (await book.Maria.PostAsync(
        "/v1/cases", JsonSerializer.Serialize(new { title }))).Require(201).Json.Text("id");

    private Task<Answer> ActAsync(string id, string what, string body) =>
        book.Maria.PostAsync($"/v1/cases/{id}/{what}", body);

    private async Task<string> ExportAsync(string id)
    {
        var file = Path.Combine(Node.Data, $"case-{Guid.NewGuid():N}.zip");
        await File.WriteAllBytesAsync(file, (await Node.GetAsync($"/v1/cases/{id}/export")).Require(200).Bytes);
        return file;
    }

    private async Task<VerificationResult> VerifyAsync(string file) => await LogVerifier.VerifyBundleAsync(
        file, new VerifyOptions { TrustedKey = await new Log.LogClient(Node).KeyAsync() }, null, default);

    /// <summary>What is found of a copy in which a file was changed.</summary>
    private async Task<IEnumerable<IntegrityFaultKind>> FaultsAsync(string file, string name, Func<string, string> edit)
    {
        var copy = file + ".changed";
        File.Copy(file, copy, overwrite: true);
        var (before, after) = (Read(copy, name), edit(Read(copy, name)));
        Assert.NotEqual(before, after);
        using (var zip = ZipFile.Open(copy, ZipArchiveMode.Update))
        {
            zip.GetEntry(name)!.Delete();
            await using var writer = new StreamWriter(zip.CreateEntry(name).Open(), new UTF8Encoding(false));
            await writer.WriteAsync(after);
        }

        return (await VerifyAsync(copy)).Integrity.Faults.Select(fault => fault.Kind);
    }

    private static string Read(string file, string name)
    {
        using var zip = ZipFile.OpenRead(file);
        using var reader = new StreamReader(zip.GetEntry(name)!.Open(), Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static IEnumerable<JsonElement> Lines(string file, string name) =>
        Read(file, name).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();

    public sealed class Book : IAsyncLifetime
    {
        internal TestNode Node { get; private set; } = null!;

        /// <summary>A book with another log.</summary>
        internal TestNode Other { get; private set; } = null!;

        internal HttpClient Host { get; private set; } = null!;

        internal HttpClient Maria { get; private set; } = null!;

        internal string Window { get; private set; } = "";

        public async Task InitializeAsync()
        {
            (Node, Other) = (await TestNode.StartAsync(), await TestNode.StartAsync());
            Host = Node.ClientWith(await Node.TokenAsync("laptop", ["ingest"], person: "eve"));
            Maria = Node.ClientWith(await Node.TokenAsync("maria-phone", ["approve", "read"], person: "maria"));
            await ViolateAsync("wrong");
            Window = (await Host.PostAsync(
                "/v1/windows", """{"alias":"w","task_id":"t-w","agent":"w","scope":["*"],"sources":["laptop"],"reason":"to look","duration":"2h"}"""))
                .Require(201).Json.Text("window_id");
            (await Maria.PostAsync($"/v1/windows/{Window}/approve", "{}")).Require(201);
            var now = DateTime.UtcNow.AddSeconds(1).ToString("O");
            (await Host.PostAsync("/v1/records", Records.Item("s-w", "inside", Records.Completed(), now, "t-w", "w"))).Require(201);
        }

        public async Task DisposeAsync()
        {
            await Node.DisposeAsync();
            await Other.DisposeAsync();
        }

        /// <summary>A success after a refusal: the second event of the call is a violation.</summary>
        internal async Task ViolateAsync(string call)
        {
            (await Host.PostAsync("/v1/records", Records.Item("s", call, Records.Blocked(), "2025-01-02T03:04:05Z"))).Require(201);
            (await Host.PostAsync("/v1/records", Records.Item("s", call, Records.Completed(), "2025-01-02T03:04:25Z"))).Require(409);
        }
    }
}
