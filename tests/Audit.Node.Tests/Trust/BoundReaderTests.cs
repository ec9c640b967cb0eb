using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// Trust, 1 and 8: whoever holds a token that is bound to one agent or task asks every endpoint for the other's, and learns
/// nothing. The endpoints are those that the started node has, so that a new one is asked too.
/// </summary>
public sealed class BoundReaderTests : IClassFixture<BoundReaderTests.TwoBooks>
{
    private const string Never = "nevermore";

    /// <summary>Each read waits for the row that says so; rows of several are committed in one go.</summary>
    private static readonly ParallelOptions Together = new() { MaxDegreeOfParallelism = 5 };

    private readonly TwoBooks books;

    public BoundReaderTests(TwoBooks books) => this.books = books;

    public static TheoryData<string?, string?, string?> Bindings => new()
    {
        { TwoAgents.OwnAgent, null, null }, { null, TwoAgents.OwnTask, null }, { TwoAgents.OwnAgent, TwoAgents.OwnTask, null },
        { null, null, TwoAgents.OwnSource },
    };

    private TestNode Node => books.Both;

    [Fact]
    public void every_endpoint_declares_what_it_scopes_by()
    {
        var endpoints = EndpointsOf(Node);
        Assert.True(endpoints.Count > 60);
        Assert.All(endpoints, endpoint => Assert.True(
            endpoint.Metadata.GetMetadata<ScopeRule>() is not null, $"{endpoint.DisplayName} declares no scope."));
        Assert.All(
            endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<AccessRule>()!.AnyOf == Roles.None),
            endpoint => Assert.Equal(Scope.Public, endpoint.Metadata.GetMetadata<ScopeRule>()!.Scope));
        Assert.All(
            endpoints.Where(endpoint => endpoint.Metadata.GetMetadata<ScopeRule>()!.Scope == Scope.Own),
            endpoint => Assert.Contains("POST", MethodsOf(endpoint)));
    }

    [Trait("Point", "1")]
    [Theory]
    [MemberData(nameof(Bindings))]
    public async Task a_bound_reader_gets_nothing_of_another_from_any_endpoint(string? agent, string? task, string? source)
    {
        using var reader = await books.ReaderAsync(Node, agent, task, source);
        using var browser = await books.BrowserAsync(Node, agent, task, source);
        var asks = AsksOf(ReadsOf(Node));
        await Parallel.ForEachAsync(asks, Together, async (ask, _) =>
        {
            var (endpoint, path, isOfOther) = ask;
            var isPage = endpoint.Metadata.GetMetadata<PageMark>() is not null;
            var answer = await AskAsync(isPage ? null : reader, browser, path);
            Assert.True(answer.Status is 200 or 303 or 400 or 403 or 404, $"{path}: {answer.Status} {answer.Text}");
            if (isOfOther)
            {
                // The other's things are answered as things that never were, but for their names.
                var none = await AskAsync(isPage ? null : reader, browser, path.Replace(TwoAgents.Secret, Never));
                Assert.True(answer.Status == none.Status, $"{path}: {answer.Status}, and {none.Status} for what never was");
                // The log grows by the very rows of these reads.
                Assert.True(
                    endpoint.Metadata.GetMetadata<ScopeRule>()!.Scope is Scope.Digests or Scope.Public || IsBundle(path)
                    || Compared(none, Never) == Compared(answer, TwoAgents.Secret), $"{path}: {none.Text}\n{answer.Text}");
            }
            else
            {
                Assert.DoesNotContain(TwoAgents.Secret, answer.Text + string.Join('\n', answer.Headers.Values));
            }
        });
        Assert.True(asks.Count > 100);
    }

    [Trait("Point", "8")]
    [Theory]
    [MemberData(nameof(Bindings))]
    public async Task a_bound_reader_gets_the_same_answers_whatever_others_did(string? agent, string? task, string? source)
    {
        using var reader = await books.ReaderAsync(books.Both, agent, task, source);
        using var alone = await books.ReaderAsync(books.One, agent, task, source);
        var asks = AsksOf(ReadsOf(Node).Where(endpoint => endpoint.Metadata.GetMetadata<PageMark>() is null
            && endpoint.Metadata.GetMetadata<ScopeRule>()!.Scope == Scope.Binding));
        await Parallel.ForEachAsync(asks.Where(ask => !ask.IsOfOther && !IsBundle(ask.Path)), Together, async (ask, _) =>
        {
            var path = ask.Path;
            var (one, other) = (await reader.GetAnswerAsync(path), await alone.GetAnswerAsync(path));
            Assert.True(one.Status == other.Status, $"{path}: {one.Status} and {other.Status}");
            Assert.Equal(TwoAgents.Compared(other.Text), TwoAgents.Compared(one.Text));
            Assert.Equal(HeadersOf(other), HeadersOf(one));
        });
    }

    [Fact]
    public async Task positions_of_another_are_answered_as_positions_that_never_were()
    {
        using var reader = await books.ReaderAsync(Node, TwoAgents.OwnAgent, null);
        var never = "9007199254740000";
        foreach (var path in new[] { "/v1/events/{0}", "/v1/events/{0}/raw", "/v1/proofs/{0}", "/v1/proofs/{0}/row", "/v1/events?after={0}" })
        {
            var none = await reader.GetAnswerAsync(string.Format(CultureInfo.InvariantCulture, path, never));
            foreach (var position in books.Positions)
            {
                var text = position.ToString(CultureInfo.InvariantCulture);
                var answer = await reader.GetAnswerAsync(string.Format(CultureInfo.InvariantCulture, path, text));
                Assert.DoesNotContain(TwoAgents.Secret, answer.Text);
                if (answer.Status != 200)
                {
                    Assert.Equal(none.Status, answer.Status);
                    Assert.Equal(none.Text.Replace($"position {never} ", "P"), answer.Text.Replace($"position {text} ", "P"));
                }
            }
        }
    }

    [Fact]
    public async Task pages_of_a_bound_reader_are_full_and_end_with_its_own()
    {
        using var reader = await books.ReaderAsync(Node, TwoAgents.OwnAgent, null);
        foreach (var list in new[] { "/v1/events", "/v1/sessions", "/v1/tasks", "/v1/windows", "/v1/violations", "/v1/search?q=ledger" })
        {
            var all = (await reader.GetAnswerAsync(With(list, "limit=1000"))).Require(200).Json;
            Assert.Equal(JsonValueKind.Null, all.GetProperty("next").ValueKind);
            var count = all.GetProperty("items").GetArrayLength();
            Assert.True(count > 0, list);
            var (seen, path) = (0, With(list, "limit=1"));
            for (string? next = ""; next is not null; seen++)
            {
                var page = (await reader.GetAnswerAsync(next.Length == 0 ? path : $"{path}&cursor={next}")).Require(200).Json;
                Assert.Equal(1, page.GetProperty("items").GetArrayLength());
                next = page.GetProperty("next").GetString();
            }

            Assert.Equal(count, seen);
        }
    }

    [Trait("Point", "8")]
    [Fact]
    public async Task a_bound_reader_cannot_read_anothers_letters_from_next()
    {
        using var reader = await books.ReaderAsync(Node, TwoAgents.OwnAgent, null);
        var queries = new[]
        {
            TwoAgents.Secret, $"agent:{TwoAgents.Agent}", $"session:{TwoAgents.Session}", "tool:a*", "tool:arc*", "agent:a*", "session:a*",
            "ledger tool:arcanum-sql", "is:violation tool:a*", $"task:{TwoAgents.Task}", "input.a:1 tool:arcanum*", $"\"{TwoAgents.Secret} ledger\"",
            $"tool:a* OR agent:{TwoAgents.Agent} OR {TwoAgents.Secret}", $"-agent:{TwoAgents.OwnAgent}", $"(tool:arc* OR ledger) -agent:{TwoAgents.OwnAgent}",
            $"-(agent:{TwoAgents.OwnAgent} ledger) -agent:{TwoAgents.OwnAgent} OR session:{TwoAgents.Session}",
        };
        foreach (var query in queries)
        {
            foreach (var more in new[] { "&limit=1", "&limit=1&counts=true" })
            {
                var found = (await reader.GetAnswerAsync($"/v1/search?q={Uri.EscapeDataString(query)}{more}")).Require(200).Json;
                Assert.Equal(0, found.GetProperty("items").GetArrayLength());
                Assert.Equal(JsonValueKind.Null, found.GetProperty("next").ValueKind);
                Assert.False(found.TryGetProperty("indexed_to", out _));
                Assert.True(more.Length < 10 || found.GetProperty("counts").GetProperty("calls").GetInt32() == 0);
            }
        }

        foreach (var tool in new[] { "arcanum*", "a*", "*sql" })
        {
            var events = (await reader.GetAnswerAsync($"/v1/events?limit=1000&tool={tool}")).Require(200);
            Assert.DoesNotContain(TwoAgents.Secret, events.Text);
            Assert.Equal(JsonValueKind.Null, events.Json.GetProperty("next").ValueKind);
        }

        Assert.Contains("bound", (await reader.GetAnswerAsync("/v1/search/values?key=tool&prefix=a")).Problem(403));
        Assert.Contains("There is no window", (await reader.GetAnswerAsync($"/v1/search?q=window:{TwoAgents.Window}")).Problem(400));
    }

    [Trait("Point", "1")]
    [Fact]
    public async Task a_read_token_bound_to_one_agent_gets_nothing_of_another_from_the_bundle()
    {
        var last = books.Positions[^1];
        await Patience.UntilAsync(
            async () => (await Node.GetAsync("/v1/log")).Json.GetProperty("position").GetInt64() >= last, "all is sealed");
        using var reader = await books.ReaderAsync(Node, TwoAgents.OwnAgent, null);
        var bundle = (await reader.GetAnswerAsync("/v1/log/bundle")).Require(200).Bytes;
        using var files = new ZipArchive(new MemoryStream(bundle));
        var rows = 0;
        foreach (var file in files.Entries)
        {
            using var content = new StreamReader(file.Open());
            var text = await content.ReadToEndAsync();
            Assert.DoesNotContain(TwoAgents.Secret, text);
            Assert.DoesNotContain("operator|", text);
            Assert.DoesNotContain("reader|", text);
            rows += file.Name == "rows.ndjson" ? text.Count(letter => letter == '\n') : 0;
        }

        Assert.True(rows > 10);
        using var exporter = await Node.ClientAsync("exporter", "export");
        var whole = (await exporter.GetAnswerAsync("/v1/log/bundle")).Require(200).Bytes;
        using var all = new ZipArchive(new MemoryStream(whole));
        using var allRows = new StreamReader(all.GetEntry("rows.ndjson")!.Open());
        Assert.Contains(TwoAgents.Secret, await allRows.ReadToEndAsync());
    }

    [Fact]
    public async Task a_live_reader_who_is_bound_hears_its_own_only()
    {
        using var reader = await books.ReaderAsync(Node, TwoAgents.OwnAgent, null);
        using var events = await EventStream.OpenAsync(reader, "/v1/events");
        for (var seen = 0; seen < 5; seen++)
        {
            var heard = await events.NextAsync();
            Assert.DoesNotContain(TwoAgents.Secret, heard!.Value.Data);
            (await reader.GetAnswerAsync($"/v1/events/{heard.Value.Id}")).Require(200);
        }
    }

    internal static IReadOnlyList<RouteEndpoint> EndpointsOf(TestNode node) =>
        [.. node.Running.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    private static IEnumerable<RouteEndpoint> ReadsOf(TestNode node) =>
        EndpointsOf(node).Where(endpoint => MethodsOf(endpoint).Contains("GET"));

    internal static IReadOnlyList<string> MethodsOf(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? [];

    private static List<(RouteEndpoint Endpoint, string Path, bool IsOfOther)> AsksOf(IEnumerable<RouteEndpoint> endpoints) =>
        [.. endpoints.SelectMany(endpoint => PathsOf(endpoint).Select(one => (endpoint, one.Path, one.IsOfOther)))];

    /// <summary>The endpoint's addresses: with what is the reader's own, with nothing, and with what is the other's.</summary>
    private static IEnumerable<(string Path, bool IsOfOther)> PathsOf(RouteEndpoint endpoint)
    {
        var pattern = endpoint.RoutePattern.RawText!;
        // What is open to all, and a whole book, take long and no query.
        var count = endpoint.Metadata.GetMetadata<ScopeRule>()!.Scope == Scope.Public || IsBundle(pattern) ? 1 : int.MaxValue;
        yield return (Filled(pattern, isOfOther: false), false);
        foreach (var isOfOther in new[] { false, true })
        {
            foreach (var query in Queries(isOfOther).Take(count))
            {
                yield return (With(Filled(pattern, isOfOther), query), isOfOther);
            }
        }
    }

    private static IEnumerable<string> Queries(bool isOfOther)
    {
        var (session, call, task, window, agent) = isOfOther
            ? (TwoAgents.Session, TwoAgents.Call + "1", TwoAgents.Task, TwoAgents.Window, TwoAgents.Agent)
            : ("shared", "b-shared-1", TwoAgents.OwnTask, "b-window", TwoAgents.OwnAgent);
        yield return $"session={session}&call={call}&limit=2";
        yield return $"session={session}&call={call}&id={session}&source={(isOfOther ? TwoAgents.Source : TwoAgents.OwnSource)}";
        yield return $"task={task}&judgement=outside_window&limit=2";
        yield return $"window={window}&state=awaiting_confirmation";
        yield return $"id={session}&call={call}&agent={agent}";
        yield return $"id={task}";
        yield return $"id={window}";
        yield return $"session={session}&call={call}&at=2100-01-01T00:00:00Z";
        yield return $"task={task}&window={window}&judgement=in_window&at=2100-01-01T00:00:00Z";
        yield return $"format=csv&session={session}";
        yield return $"format=session&task={task}";
        yield return $"q={(isOfOther ? TwoAgents.Secret : "ledger")}&key=tool&limit=1&counts=true";
        yield return "judgement=out_of_scope&q=ledger%20tool:*&lifted=false";
        yield return "judgement=outside_window&q=is:open";
        yield return "review=waiting&limit=1&q=is:unreviewed";
    }

    private static string Filled(string pattern, bool isOfOther) => pattern
        .Replace("{session}", isOfOther ? TwoAgents.Session : "shared")
        .Replace("{call}", isOfOther ? TwoAgents.Call + "1" : "b-shared-1")
        .Replace("{task}", isOfOther ? TwoAgents.Task : TwoAgents.OwnTask)
        .Replace("{window}", isOfOther ? TwoAgents.Window : "b-window")
        .Replace("{position}", "9007199254740000").Replace("{**path}", "0/000").Replace("{name}", "x").Replace("{hash}", "x")
        .Replace("{documentName}", "v1");

    /// <summary>It grows by the rows of these reads, as entries alone.</summary>
    private static bool IsBundle(string path) => path.StartsWith("/v1/log/bundle", StringComparison.Ordinal);

    private static string With(string path, string query) => path + (path.Contains('?') ? '&' : '?') + query;

    private static Task<Answer> AskAsync(HttpClient? reader, PageBrowser browser, string path) =>
        reader is null ? browser.GetAsync(path) : reader.GetAnswerAsync(path);

    /// <summary>What is asked for stands in a page in several shapes, and a form's secret is another each time.</summary>
    private static string Compared(Answer answer, string name) =>
        TwoAgents.Compared(answer.Text.Replace(name, "NAME")) is var text && text.IndexOf("form_secret", StringComparison.Ordinal) < 0
            ? text
            : System.Text.RegularExpressions.Regex.Replace(text, "name=\"form_secret\" value=\"[^\"]+\"", "");

    private static IEnumerable<string> HeadersOf(Answer answer) => answer.Headers
        .Where(header => header.Key is not ("Date" or "Content-Length" or "Audit-Asked-At"))
        .Select(header => $"{header.Key}: {header.Value}").Order(StringComparer.Ordinal);

    /// <summary>Two started nodes: in the book of one both agents did things, in that of the other only one did.</summary>
    public sealed class TwoBooks : IAsyncLifetime
    {
        private readonly Dictionary<(TestNode, string?, string?, string?), Task<string>> tokens = [];

        internal TestNode Both { get; private set; } = null!;

        internal TestNode One { get; private set; } = null!;

        internal IReadOnlyList<long> Positions { get; private set; } = [];

        public async Task InitializeAsync()
        {
            // Each reads more at a time than one who reads has a share for.
            var quotas = new QuotaLimits { Exports = 64 };
            Both = await TestNode.StartAsync(change: options => options with { Quotas = quotas });
            One = await TestNode.StartAsync(change: options => options with { Quotas = quotas });
            Positions = await TwoAgents.WriteAsync(Both, withFirst: true);
            await TwoAgents.WriteAsync(One, withFirst: false);
        }

        public async Task DisposeAsync()
        {
            await Both.DisposeAsync();
            await One.DisposeAsync();
        }

        internal async Task<HttpClient> ReaderAsync(TestNode node, string? agent, string? task, string? source = null) =>
            node.ClientWith(await TokenAsync(node, agent, task, source));

        internal async Task<PageBrowser> BrowserAsync(TestNode node, string? agent, string? task, string? source = null) =>
            await PageBrowser.SignedInAsync(node, await TokenAsync(node, agent, task, source));

        private Task<string> TokenAsync(TestNode node, string? agent, string? task, string? source)
        {
            if (!tokens.TryGetValue((node, agent, task, source), out var token))
            {
                tokens[(node, agent, task, source)] = token = node.TokenAsync(
                    $"reader of {agent} {task} {source}", ["read"], agent, task, sees: source);
            }

            return token;
        }
    }
}
