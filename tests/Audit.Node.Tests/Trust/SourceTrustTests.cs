using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// Trust, 5 and 6: a session belongs to the source that reports it. Another source that reports the same ids moves,
/// floods and answers nothing of it.
/// </summary>
public sealed class SourceTrustTests : IClassFixture<SourceTrustTests.TwoSources>
{
    private readonly TwoSources book;

    public SourceTrustTests(TwoSources book) => this.book = book;

    [Fact]
    public async Task the_same_ids_of_two_sources_are_two_calls()
    {
        await RecordAsync(book.Own, "two", "c", Records.Asked("rm -rf build"));
        await RecordAsync(book.Other, "two", "c", Records.Completed(output: "nothing was asked"));

        Assert.Equal("awaiting_confirmation", await StateAsync("two", "c", "own"));
        Assert.Equal("completed", await StateAsync("two", "c", "other"));
        var several = await book.Node.GetAsync("/v1/sessions/two/calls/c");
        Assert.Equal(300, several.Status);
        Assert.Contains("say which with source", several.Json.Text("detail"));
        foreach (var choice in several.Json.GetProperty("choices").EnumerateArray())
        {
            var one = (await book.Node.GetAsync(choice.Text("href")!)).Require(200).Json;
            Assert.Equal(choice.Text("source"), one.Text("source"));
        }

        foreach (var path in new[] { "/v1/sessions/two", "/v1/sessions/two/calls", "/v1/call/events?session=two&call=c", "/v1/call/decision?session=two&call=c" })
        {
            Assert.Equal(300, (await book.Node.GetAsync(path)).Status);
            (await book.Node.GetAsync(path + (path.Contains('?') ? "&" : "?") + "source=own")).Require(200);
        }

        using var browser = await PageBrowser.SignedInAsync(book.Node, book.Node.AdminToken);
        var page = await browser.GetAsync("/call?session=two&call=c");
        Assert.Equal(300, page.Status);
        Assert.Contains("/call?session=two&amp;call=c&amp;source=own", page.Text);
        Assert.Contains("Also reported by", (await browser.GetAsync("/session?id=two&source=own")).Require(200).Text);
    }

    [Trait("Point", "5")]
    [Fact]
    public async Task nobody_shuts_another_source_out_of_its_call_or_takes_its_tools_name()
    {
        await RecordAsync(book.Other, "shut", "c", """{"kind":"requested"}""", tool: "harmless");
        await RecordAsync(book.Other, "shut", "c", Records.Blocked("no"), tool: "harmless");
        for (var repeat = 0; repeat < 150; repeat++)
        {
            await RecordAsync(book.Other, "shut", "c", Records.Blocked($"no {repeat}"), tool: "harmless");
        }

        Assert.Equal("recorded", await RecordAsync(book.Own, "shut", "c", """{"kind":"requested"}"""));
        Assert.Equal("recorded", await RecordAsync(book.Own, "shut", "c", Records.Completed(output: "EXFILTRATED")));
        var call = (await book.Node.GetAsync("/v1/sessions/shut/calls/c?source=own")).Require(200).Json;
        Assert.Equal(("completed", 0, 0), (call.Text("state"), call.GetProperty("violations").GetInt32(), call.GetProperty("anomalies").GetArrayLength()));
        await Patience.UntilAsync(
            async () => (await book.Node.GetAsync("/v1/search?q=EXFILTRATED%20source:own")).Require(200).Json.GetProperty("items").GetArrayLength() == 1,
            "what the owner reported is found");
    }

    [Fact]
    public async Task a_decision_is_on_the_call_of_one_source_and_answers_its_host_alone()
    {
        await RecordAsync(book.Own, "decide", "c", Records.Asked("own"));
        await RecordAsync(book.Other, "decide", "c", Records.Asked("other"));
        using var person = await book.Node.ClientAsync("decider", "approve");

        Assert.Contains("says whose session it is", (await person.PostAsync("/v1/sessions/decide/calls/c/decision", "{}")).Problem(400));
        (await person.DecideAsync("/v1/sessions/decide/calls/c/decision?source=own", """{"decision":"approve-once"}""")).Require(201);
        Assert.Equal("approved", (await book.Own.GetAnswerAsync("/v1/sessions/decide/calls/c/decision")).Require(200).Json.Text("state"));
        Assert.Equal(
            "awaiting_confirmation", (await book.Other.GetAnswerAsync("/v1/sessions/decide/calls/c/decision")).Require(200).Json.Text("state"));
    }

    [Trait("Point", "6")]
    [Fact]
    public async Task a_token_bound_to_agent_and_task_that_names_neither_moves_no_other_agents_call()
    {
        await RecordAsync(book.Own, "bound", "c", Records.Asked(), task: "t-1", agent: "a-1");
        using var bound = book.Node.ClientWith(await book.Node.TokenAsync("bound to a-2", ["ingest"], "a-2", "t-2", source: "own"));

        var answer = (await bound.PostAsync("/v1/records", Records.Item("bound", "c", Records.Completed()))).Json;
        Assert.Equal("refused", answer.Text("status"));
        Assert.Contains("outside this token's binding", answer.Text("error"));
        Assert.Equal("awaiting_confirmation", await StateAsync("bound", "c", "own"));

        // A call that names nobody is taken over by its first bound writer.
        await RecordAsync(book.Own, "bound", "free", Records.Asked());
        (await bound.PostAsync("/v1/records", Records.Item("bound", "free", Records.Completed()))).Require(201);
        Assert.Equal("a-2", (await book.Node.GetAsync("/v1/sessions/bound/calls/free?source=own")).Require(200).Json.Text("agent"));
    }

    [Fact]
    public async Task linked_sources_are_shown_side_by_side_and_stay_two_sessions()
    {
        await RecordAsync(book.Own, "linked", "c", Records.Asked());
        await RecordAsync(book.Other, "linked", "c", Records.Blocked());
        await RecordAsync(book.Other, "linked", "elsewhere", Records.Blocked());

        Assert.Equal(404, (await LinkAsync("own", "nobody")).Status);
        Assert.Equal(422, (await LinkAsync("own", "own")).Status);
        Assert.Equal("recorded", (await LinkAsync("own", "other")).Require(201).Json.Text("outcome"));
        Assert.Equal("duplicate", (await LinkAsync("other", "own")).Require(200).Json.Text("outcome"));
        var sources = (await book.Node.GetAsync("/v1/sources")).Require(200).Json.GetProperty("items").EnumerateArray();
        Assert.Equal("own", sources.Single(one => one.Text("name") == "other").GetProperty("linked")[0].GetString());

        Assert.Equal(300, (await book.Node.GetAsync("/v1/sessions/linked")).Status);
        var session = (await book.Node.GetAsync("/v1/sessions/linked?source=own")).Require(200).Json;
        Assert.Equal((1, "other"), (session.GetProperty("calls").GetInt32(), session.GetProperty("linked")[0].GetString()));
        Assert.Equal("awaiting_confirmation", await StateAsync("linked", "c", "own"));
        Assert.Equal("blocked", await StateAsync("linked", "c", "other"));

        using var browser = await PageBrowser.SignedInAsync(book.Node, book.Node.AdminToken);
        var page = (await browser.GetAsync("/session?id=linked&source=own")).Require(200).Text;
        Assert.Contains("As other reports it", page);
        Assert.Contains("elsewhere", page);

        // Who sees one source only is shown nothing of the other, not even that it is linked.
        using var reader = book.Node.ClientWith(await book.Node.TokenAsync("sees own", ["read"], sees: "own"));
        var shown = (await reader.GetAnswerAsync("/v1/sessions/linked")).Require(200);
        Assert.Empty(shown.Json.GetProperty("linked").EnumerateArray());
        Assert.Equal(403, (await reader.PostAsync("/v1/sources/links", """{"sources":["own","other"]}""")).Status);
    }

    private Task<Answer> LinkAsync(string one, string other) =>
        book.Node.PostAsync("/v1/sources/links", $$"""{"sources":["{{one}}","{{other}}"]}""");

    [Fact]
    public async Task a_long_name_of_a_source_is_as_good_as_a_short_one()
    {
        var name = string.Concat(Enumerable.Repeat("qüell", 12));
        using var host = book.Node.ClientWith(await book.Node.TokenAsync("long", ["ingest"], source: name));
        var session = new string('s', 128);
        Assert.Equal("recorded", await RecordAsync(host, session, new string('c', 96), Records.Asked()));

        var shown = (await book.Node.GetAsync($"/v1/sessions/{session}?source={Uri.EscapeDataString(name)}")).Require(200).Json;
        Assert.Equal(name, shown.Text("source"));
        Assert.Equal("awaiting_confirmation", (await host.GetAnswerAsync($"/v1/sessions/{session}/calls/{new string('c', 96)}/decision")).Require(200).Json.Text("state"));
    }

    private async Task<string?> StateAsync(string session, string call, string source) =>
        (await book.Node.GetAsync($"/v1/sessions/{session}/calls/{call}?source={source}")).Require(200).Json.Text("state");

    private static async Task<string?> RecordAsync(
        HttpClient host, string session, string call, string outcome, string? task = null, string? agent = null, string tool = "bash") =>
        (await host.PostAsync("/v1/records", Records.Item(session, call, outcome, task: task, agent: agent, tool: tool))).Json.Text("status");

    /// <summary>Trust-attacked, 16: also where only one source reports the session now.</summary>
    [Fact]
    public async Task whoever_writes_says_whose_session_it_is_or_has_one_source()
    {
        await RecordAsync(book.Own, "alone", "c", Records.Asked());
        using var person = await book.Node.ClientAsync("alone-decider", "approve");
        var writes = BoundReaderTests.EndpointsOf(book.Node)
            .Where(endpoint => !BoundReaderTests.MethodsOf(endpoint).Contains("GET") && endpoint.Metadata.GetMetadata<PageMark>() is null)
            .Select(endpoint => endpoint.RoutePattern.RawText!)
            .Where(path => path.Contains("{session}") || path.StartsWith("/v1/call/") || path.StartsWith("/v1/session/")).ToList();
        Assert.Equal(4, writes.Count);
        foreach (var path in writes)
        {
            var named = path.Replace("{session}", "alone").Replace("{call}", "c");
            named += path.Contains('{') ? "" : "?session=alone&call=c";
            Assert.Contains("says whose session it is", (await person.PostAsync(named, "{}")).Problem(400));
        }

        using var browser = await PageBrowser.SignedInAsync(book.Node, await book.Node.TokenAsync("alone-browser", ["read", "approve"]));
        foreach (var path in new[] { "/call/decision", "/call/review" })
        {
            var answer = await browser.SubmitAsync("/waiting", path, ("session", "alone"), ("call", "c"), ("decision", "reject"));
            Assert.Contains("says whose session it is", answer.Require(400).Text);
        }

        // Nothing of that moved it; a token of one source means that one.
        Assert.Equal("awaiting_confirmation", await StateAsync("alone", "c", "own"));
        using var bound = book.Node.ClientWith(await book.Node.TokenAsync("alone-bound", ["read", "approve"], sees: "own"));
        var asked = (await bound.GetAnswerAsync("/v1/sessions/alone/calls/c/decision")).Require(200).Json.GetProperty("question");
        var decided = await bound.PostAsync(
            "/v1/sessions/alone/calls/c/decision", HttpAnswers.On(asked, """{"decision":"approve-once"}"""));
        decided.Require(201);
        Assert.Equal("approved", await StateAsync("alone", "c", "own"));
    }

    [Trait("Point", "6")]
    [Theory]
    [InlineData("ended")]
    [InlineData("session_ended")]
    [InlineData("started")]
    public async Task a_bound_token_ends_no_session_of_another_agent(string type)
    {
        var session = "of-a-" + type;
        using var a = book.Node.ClientWith(await book.Node.TokenAsync("a of " + type, ["ingest"], agent: "a", source: "both"));
        using var b = book.Node.ClientWith(await book.Node.TokenAsync("b of " + type, ["ingest"], agent: "b", source: "both"));
        await RecordAsync(a, session, "c", Records.Asked());

        var refused = (await b.PostAsync("/v1/records", Note(session, type))).Json;
        Assert.Equal("refused", refused.Text("status"));
        Assert.Contains("outside this token's binding: the session is of another agent", refused.Text("error"));
        // Among others only that one is refused; a note that ends nothing is its own.
        var several = await b.PostAsync("/v1/records", $"[{Note(session, "prompt")},{Note(session, type)},{Note("of-b-" + type, type)}]");
        Assert.Equal(["recorded", "refused", "recorded"], several.Json.EnumerateArray().Select(one => one.Text("status")));
        Assert.Equal("recorded", (await a.PostAsync("/v1/records", Note(session, type, second: 6))).Require(201).Json.Text("status"));

        static string Note(string session, string type, int second = 5) =>
            $$"""{"session_id":"{{session}}","note":{"type":"{{type}}","at":"2025-01-02T03:04:0{{second}}Z","detail":{} } }""";
    }

    public sealed class TwoSources : IAsyncLifetime
    {
        internal TestNode Node { get; private set; } = null!;

        internal HttpClient Own { get; private set; } = null!;

        internal HttpClient Other { get; private set; } = null!;

        public async Task InitializeAsync()
        {
            Node = await TestNode.StartAsync();
            Own = Node.ClientWith(await Node.TokenAsync("own host", ["ingest"], source: "own"));
            Other = Node.ClientWith(await Node.TokenAsync("other host", ["ingest"], source: "other"));
        }

        public async Task DisposeAsync()
        {
            Own.Dispose();
            Other.Dispose();
            await Node.DisposeAsync();
        }
    }
}
