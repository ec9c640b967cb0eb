using System.Text.Json;
using Audit.Api.Intake;
using Audit.Engine;
using Audit.Lifecycle.Events;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Acts;

/// <summary>Searches that are kept under names, and what a search finds as a file.</summary>
public sealed class ViewTests(ViewTests.Book book) : IClassFixture<ViewTests.Book>
{
    private TestNode Node => book.Node;

    [Fact]
    public async Task a_search_is_kept_for_oneself_or_for_everybody_and_removed_again()
    {
        using var maria = Node.ClientWith(await Node.TokenAsync("maria-1", ["read", "approve"], person: "maria"));
        using var phone = Node.ClientWith(await Node.TokenAsync("maria-2", ["read"], person: "maria"));
        using var ann = await Node.ClientAsync("view-ann", "read");
        var own = (await SaveAsync(maria, """{"name":" refused ","query":"is:failed after:1w","sort":"-ran","columns":["session","at"]}""")).Require(201).Json;
        var shared = (await SaveAsync(maria, """{"name":"everybody's","query":"token:ci-7 OR tool:bash","shared":true}""")).Require(201).Json;
        Assert.Equal(
            ("refused", "is:failed after:1w", "-ran", "maria", false),
            (own.Text("name"), own.Text("query"), own.Text("sort"), own.Text("by"), own.GetProperty("shared").GetBoolean()));
        Assert.Equal(["at", "session"], own.Texts("columns"));

        // A person's own go with the person, and what is shared is everybody's.
        Assert.Equal(["refused", "everybody's"], await HereAsync(maria));
        Assert.Equal(["refused", "everybody's"], await HereAsync(phone));
        Assert.Equal(["everybody's"], await HereAsync(ann));
        Assert.Contains("maria keeps a search as \"refused\" already", (await SaveAsync(phone, """{"name":"refused","query":"x"}""")).Problem(409));
        (await SaveAsync(ann, """{"name":"refused","query":"x"}""")).Require(201);

        Assert.Contains("approve or admin", (await SaveAsync(phone, """{"name":"mine","query":"x","shared":true}""")).Problem(403));
        Assert.Contains("approve or admin", (await RemoveAsync(ann, shared.Text("id"))).Problem(403));
        Assert.Contains("No search is kept", (await RemoveAsync(ann, own.Text("id"))).Problem(404));
        (await RemoveAsync(phone, own.Text("id"))).Require(200);
        (await RemoveAsync(maria, "v-none")).Require(404);
        Assert.Equal(["everybody's"], await HereAsync(maria));
        Assert.DoesNotContain("everybody's", (await RemoveAsync(maria, shared.Text("id"))).Require(200).Json.GetProperty("items").EnumerateArray().Select(one => one.Text("name")));
        Assert.Equal(["refused"], await HereAsync(ann));

        // Who kept and removed what stands in the book.
        var acts = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = (await Node.GetAsync("/v1/events?limit=1000" + (next.Length > 0 ? "&cursor=" + next : ""))).Require(200).Json;
            acts.AddRange(page.GetProperty("items").EnumerateArray().Where(row => row.Text("stream").StartsWith("operator|views", StringComparison.Ordinal))
                .Select(row => row.GetProperty("event")).Where(row => row.Text("token").StartsWith("maria", StringComparison.Ordinal))
                .Select(row => $"{row.Text("token")} {row.Text("act")}"));
            next = page.GetProperty("next").GetString();
        }

        Assert.Equal(["maria-1 view.saved", "maria-1 view.saved", "maria-2 view.removed", "maria-1 view.removed"], acts);

        // Other tests keep some for everybody as well.
        static async Task<IEnumerable<string>> HereAsync(HttpClient client) =>
            (await NamesAsync(client)).Where(name => name is "refused" or "everybody's");
    }

    [Fact]
    public async Task a_bound_reader_keeps_its_own_sees_no_others_and_finds_what_it_may_see()
    {
        using var admin = Node.ClientWith(Node.AdminToken);
        var shared = (await SaveAsync(admin, """{"name":"whole book","query":"session:s","shared":true}""")).Require(201).Json.Text("id");
        // A person's own are no bound token's: it may be in the hands of a program.
        using var person = Node.ClientWith(await Node.TokenAsync("bo", ["read"], person: "bo"));
        (await SaveAsync(person, """{"name":"of bo","query":"session:s agent:b"}""")).Require(201);
        using var bound = Node.ClientWith(await Node.TokenAsync("bo-bound", ["read"], agent: "a", person: "bo"));
        Assert.Empty(await NamesAsync(bound));
        Assert.Contains("is bound", (await SaveAsync(bound, """{"name":"all","query":"session:s","shared":true}""")).Problem(403));
        var saved = (await SaveAsync(bound, """{"name":"mine","query":"session:s"}""")).Require(201).Json;
        Assert.Equal(["mine"], await NamesAsync(bound));
        Assert.Equal(["of bo"], (await NamesAsync(person)).Where(name => name is "of bo" or "mine"));

        var q = Uri.EscapeDataString(saved.Text("query"));
        var seen = (await bound.GetAnswerAsync($"/v1/search/export?format=json&q={q}")).Require(200);
        Assert.Equal(["of-a"], seen.Json.GetProperty("items").EnumerateArray().Select(hit => hit.Text("tool_call_id")));
        Assert.False(seen.Headers.ContainsKey("Audit-Indexed-To"));
        Assert.False(seen.Json.TryGetProperty("indexed_to", out _));
        Assert.Equal(2, (await person.GetAnswerAsync($"/v1/search/export?format=ndjson&q={q}")).Require(200).Lines.Count);

        // Others of this book read what everybody sees.
        Assert.Contains("No search is kept", (await RemoveAsync(bound, shared)).Problem(404));
        (await RemoveAsync(admin, shared)).Require(200);
    }

    [Theory]
    [InlineData("{}", 422)]
    [InlineData("""{"name":"x"}""", 422)]
    [InlineData("""{"name":"  ","query":"x"}""", 422)]
    [InlineData("""{"name":"a\nb","query":"x"}""", 422)]
    [InlineData("""{"name":"x","query":"tool:"}""", 400)]
    [InlineData("""{"name":"x","query":"x","sort":"position"}""", 422)]
    [InlineData("""{"name":"x","query":"x","sort":"--at"}""", 422)]
    [InlineData("""{"name":"x","query":"x","columns":["at","colour"]}""", 422)]
    [InlineData("""{"name":"x","query":"x","columns":"at"}""", 422)]
    [InlineData("""{"name":"x","query":"x","shared":"yes"}""", 422)]
    [InlineData("""{"name":"x","query":"x","more":1}""", 422)]
    public async Task what_cannot_be_kept_is_refused_with_a_sentence(string body, int status) =>
        Assert.NotEmpty((await SaveAsync(Node.Http, body)).Problem(status));

    [Fact]
    public async Task a_query_that_is_kept_has_at_most_a_thousand_characters()
    {
        using var one = await Node.ClientAsync("view-long", "read");
        (await SaveAsync(one, $$"""{"name":"long","query":"{{new string('x', 1_000)}}"}""")).Require(201);
        Assert.Contains("at most 1000", (await SaveAsync(one, $$"""{"name":"longer","query":"{{new string('x', 1_001)}}"}""")).Problem(422));
    }

    [Fact]
    public async Task a_secret_in_a_query_is_refused_and_stored_nowhere()
    {
        var secret = "ghp_" + new string('q', 12) + "R7t2Zk9WbX4mC1vN8sLpA3eD";
        Assert.Contains("looks like a secret", (await SaveAsync(Node.Http, $$"""{"name":"x","query":"{{secret}}"}""")).Problem(422));
        (await SaveAsync(Node.Http, """{"name":"hosts","query":"token:ci-7 user:maria source:laptop -is:redacted password"}""")).Require(201);
    }

    [Fact]
    public async Task what_is_kept_is_bounded_by_its_number()
    {
        using var many = await Node.ClientAsync("view-many", "read");
        for (var number = 0; number < 50; number++)
        {
            (await SaveAsync(many, $$"""{"name":"n{{number}}","query":"x"}""")).Require(201);
        }

        Assert.Contains("which is the most", (await SaveAsync(many, """{"name":"more","query":"x"}""")).Problem(422));
        var last = (await many.GetAnswerAsync("/v1/views")).Require(200).Json.GetProperty("items")[49].Text("id");
        // Those that were kept and removed before count as well.
        var intake = Node.Running.Services.GetRequiredService<RecordIntake>();
        await Task.WhenAll(Enumerable.Range(50, 250).Select(_ => intake.SubmitAsync(
            new OperatorSubmission(StreamNames.ViewsOf("person view-many"), "view.saved", "view-many", intake.Now, default))));

        // No more is kept there, and what is kept can still be removed.
        (await RemoveAsync(many, last)).Require(200);
        Assert.Contains("300 times", (await SaveAsync(many, """{"name":"again","query":"x"}""")).Problem(422));
        Assert.Equal(49, (await NamesAsync(many)).Count(name => name.Length <= 3));
    }

    [Fact]
    public async Task a_token_that_names_no_person_keeps_its_own_and_sees_no_others()
    {
        (await SaveAsync(Node.Http, """{"name":"not of programs","query":"x","shared":true}""")).Require(201);
        using var program = Node.ClientWith(await Node.TokenAsync("view-program", ["read"], person: "none"));
        (await SaveAsync(program, """{"name":"its own","query":"x"}""")).Require(201);
        Assert.Equal(["its own"], await NamesAsync(program));
        Assert.Contains("names no person", (await SaveAsync(program, """{"name":"x","query":"x","shared":true}""")).Problem(403));
    }

    [Fact]
    public async Task of_two_who_keep_one_name_at_once_one_is_told()
    {
        using var one = await Node.ClientAsync("view-both", "read");
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SaveAsync(one, """{"name":"once","query":"x"}""")));
        Assert.Equal([201, 409, 409, 409], answers.Select(answer => answer.Status).Order());
        Assert.Single(await NamesAsync(one), name => name == "once");
    }

    [Fact]
    public async Task all_that_is_found_is_given_in_each_form_and_no_field_is_a_formula()
    {
        const string Found = "/v1/search/export?q=session:many&format=";
        var json = (await Node.GetAsync(Found + "json")).Require(200);
        Assert.Equal(("application/json", 1_203, true), (
            json.Type, json.Json.GetProperty("count").GetInt32(), json.Json.GetProperty("complete").GetBoolean()));
        Assert.Equal("session:many", json.Json.Text("query"));
        Assert.Equal(json.Headers["Audit-Asked-At"], json.Json.Text("asked_at"));
        Assert.Equal(json.Headers["Audit-Indexed-To"], json.Json.GetProperty("indexed_to").GetRawText());
        var calls = json.Json.GetProperty("items").EnumerateArray().Select(hit => hit.Text("tool_call_id")).ToList();
        Assert.Equal(1_203, calls.Distinct().Count());
        Assert.Equal(calls, (await Node.GetAsync(Found + "ndjson")).Require(200).Lines.Select(line => line.Text("tool_call_id")));

        var csv = (await Node.GetAsync(Found + "csv")).Require(200);
        var rows = csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(("text/csv", 1_204), (csv.Type, rows.Length));
        Assert.StartsWith("position,at,first_at,", rows[0]);
        Assert.True(csv.Headers.ContainsKey("Audit-Asked-At"));
        Assert.Contains("'=HYPERLINK", csv.Text);
        Assert.DoesNotContain(",=HYPERLINK", csv.Text);
        Assert.Equal(0, (await Node.GetAsync("/v1/search/export?q=nothingofthis&format=json")).Require(200).Json.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task what_is_not_all_says_so_in_each_form()
    {
        const string Cut = "/v1/search/export?q=session:many&limit=2&format=";
        var json = (await Node.GetAsync(Cut + "json")).Require(200).Json;
        Assert.Equal((2, false), (json.GetProperty("count").GetInt32(), json.GetProperty("complete").GetBoolean()));
        Assert.Contains("may be older ones", json.Text("error"));
        var lines = (await Node.GetAsync(Cut + "ndjson")).Require(200).Lines;
        Assert.Equal((3, "stopped"), (lines.Count, lines[2].Text("status")));
        Assert.Equal(lines[1].GetProperty("position").GetInt64(), lines[2].GetProperty("after").GetInt64());
        var rows = (await Node.GetAsync(Cut + "csv")).Require(200).Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("export.stopped", rows[^1].Split(',')[StateOf(rows[0])]);

        Assert.Contains("csv and json", (await Node.GetAsync("/v1/search/export?q=x&format=xml")).Problem(400));
        Assert.NotEmpty((await Node.GetAsync("/v1/search/export?q=tool:")).Problem(400));
        Assert.NotEmpty((await Node.GetAsync("/v1/search/export?q=x&limit=100001")).Problem(400));
        Assert.NotEmpty((await Node.GetAsync("/v1/search/export?q=" + new string('x', 4001))).Problem(400));
    }

    [Fact]
    public async Task a_note_is_not_taken_for_the_row_that_says_there_are_more()
    {
        (await Node.RecordAsync("""{"session_id":"forged","note":{"type":"export.stopped","detail":{"why":"there is no more"}}}""")).Require(201);
        await Node.UntilReadAsync();
        var rows = (await Node.GetAsync("/v1/search/export?q=session:forged&format=csv")).Require(200).Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, rows.Length);
        Assert.Contains("export.stopped", rows[1]);
        Assert.Equal("", rows[1].Split(',')[StateOf(rows[0])]);
    }

    [Fact]
    public async Task where_a_search_takes_too_long_fewer_are_asked_for_at_a_time()
    {
        var clock = new HastyClock();
        await using var node = await TestNode.StartAsync(clock: clock);
        (await node.LinesAsync(Records.Lines(Enumerable.Range(0, 260).Select(number => Records.Item("s", $"c-{number}", Records.Completed()))))).Require(200);
        await node.UntilReadAsync();
        clock.Hasten = 2;
        var all = (await node.GetAsync("/v1/search/export?q=session:s&format=json")).Require(200).Json;
        Assert.Equal((260, true), (all.GetProperty("count").GetInt32(), all.GetProperty("complete").GetBoolean()));

        // Where few take too long as well there is nothing left to try.
        clock.Hasten = int.MaxValue;
        Assert.Contains("was ended after", (await node.GetAsync("/v1/search/export?q=session:s")).Problem(422));
        clock.Hasten = 0;
    }

    [Fact]
    public async Task an_export_of_a_search_is_in_the_diary_as_a_copy_with_all_that_it_gave()
    {
        using var reader = await Node.ClientAsync("view-diary", "export");
        (await reader.GetAnswerAsync("/v1/search/export?q=session:many&format=csv")).Require(200);
        using var host = await Node.ClientAsync("view-host", "ingest");
        Assert.Equal(403, (await host.GetAnswerAsync("/v1/search/export?q=x")).Status);
        var rows = new List<JsonElement>();
        await Patience.UntilAsync(
            async () =>
            {
                rows = [];
                for (string? next = ""; next is not null;)
                {
                    var page = (await Node.GetAsync("/v1/events?limit=1000" + (next.Length > 0 ? "&cursor=" + next : ""))).Require(200).Json;
                    rows.AddRange(page.GetProperty("items").EnumerateArray()
                        .Where(item => item.Text("stream").StartsWith("reader|", StringComparison.Ordinal)).Select(item => item.GetProperty("event"))
                        .Where(row => row.Text("token") == "view-diary"));
                    next = page.GetProperty("next").GetString();
                }

                return rows.Any(row => row.GetProperty("detail").Text("phase") == "ended");
            },
            "its end is written down");
        Assert.All(rows, row => Assert.Equal(("copied", "/v1/search/export"), (row.Text("act"), row.GetProperty("detail").Text("route"))));
        Assert.Equal("session:many", rows[0].GetProperty("detail").GetProperty("asked").Text("q"));
        Assert.Equal(1_203, rows[^1].GetProperty("detail").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task the_page_keeps_shows_opens_and_removes_them()
    {
        using var browser = await PageBrowser.SignedInAsync(Node, await Node.TokenAsync("view-page", ["read"]));
        const string Page = "/search?q=session:s&sort=-ran&columns=at&columns=tool";
        var form = new[] { ("q", "session:s"), ("sort", "-ran"), ("columns", "at,tool"), ("name", "<b>slow</b>") };
        var kept = (await browser.SubmitAsync(Page, "/search/views", form)).Require(303).Headers["Location"];
        var shown = (await browser.GetAsync(kept)).Require(200).Text;
        Assert.Contains("&lt;b&gt;slow&lt;/b&gt;", shown);
        Assert.Contains("aria-current=\"page\"", shown);
        Assert.DoesNotContain("<th scope=\"col\">Marks</th>", shown);
        Assert.Contains("/v1/search/export?q=session%3As&amp;format=csv", shown);
        Assert.DoesNotContain("name=\"shared\"", (await browser.GetAsync("/search?q=session:s")).Require(200).Text);
        var id = (await browser.Http.GetAnswerAsync("/v1/views")).Require(200).Json.GetProperty("items").EnumerateArray().Single(one => one.Text("name") == "<b>slow</b>").Text("id");
        (await browser.PostAsync("/search/views/remove", ("view", id))).Require(403);
        (await browser.SubmitAsync(Page, "/search/views/remove", ("view", id), ("q", "session:s"))).Require(303);
        Assert.DoesNotContain("slow", (await browser.GetAsync(Page)).Require(200).Text);
        (await browser.GetAsync("/search?q=x&columns=colour")).Require(400);
        (await browser.GetAsync("/search?q=x&sort=marks")).Require(400);
    }

    private static int StateOf(string header) => Array.IndexOf(header.Split(','), "state");

    private static Task<Answer> SaveAsync(HttpClient client, string body) => client.PostAsync("/v1/views", body);

    private static Task<Answer> RemoveAsync(HttpClient client, string id) => client.PostAsync($"/v1/views/{id}/remove", "{}");

    private static async Task<IReadOnlyList<string>> NamesAsync(HttpClient client) =>
        [.. (await client.GetAnswerAsync("/v1/views")).Require(200).Json.GetProperty("items").EnumerateArray().Select(one => one.Text("name"))];

    /// <summary>For whom the time that a search has is over at once, as often as is wanted.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private int hasten;

        public int Hasten { set => Volatile.Write(ref hasten, value); }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == SearchQuota.Longest && Volatile.Read(ref hasten) > 0)
            {
                Interlocked.Decrement(ref hasten);
                callback(state);
            }

            return System.CreateTimer(callback, state, dueTime, period);
        }
    }

    /// <summary>Two calls of two agents, and a session of more calls than a page has.</summary>
    public sealed class Book : IAsyncLifetime
    {
        internal TestNode Node { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await TestNode.StartAsync();
            string[] calls = [Records.Item("s", "of-a", Records.Completed(), agent: "a"), Records.Item("s", "of-b", Records.Completed(), agent: "b")];
            (await Node.LinesAsync(Records.Lines(calls.Concat(Enumerable.Range(0, 1_203).Select(number => Records.Item(
                "many", $"call-{number}", Records.Completed(), tool: number == 7 ? "=HYPERLINK(\"http://x\")" : "bash")))))).Require(200);
            await Node.UntilReadAsync();
        }

        public async Task DisposeAsync() => await Node.DisposeAsync();
    }
}
