using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Audit.Api.Diary;
using Audit.Node.Tests.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace Audit.Node.Tests.Trust;

/// <summary>Trust, 15: who read what is written down before it is answered.</summary>
public sealed class ReadDiaryTests
{
    [Trait("Point", "15")]
    [Fact]
    public async Task a_long_parameter_cannot_keep_the_sessions_name_out_of_the_diary()
    {
        await using var node = await TestNode.StartAsync();
        var position = (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed(), task: "t-1", agent: "a-1")))
            .Json.GetProperty("position").GetInt64();
        using var reader = await node.ClientAsync("ann", "read", agent: "a-1");
        var pad = new string('x', 6_000);
        (await reader.GetAnswerAsync($"/v1/session?pad={pad}&session=s-1")).Require(200);

        var read = Assert.Single(await ReadsAsync(node, "ann"));
        Assert.Equal("/v1/session", read.Text("route"));
        Assert.Equal("s-1", read.GetProperty("asked").Text("session"));
        Assert.Equal(1, read.GetProperty("other_parameters").GetInt32());
        Assert.Equal("a-1", Assert.Single(read.GetProperty("bound_to").Texts("agents")));
        Assert.Equal((200, 1), (read.GetProperty("status").GetInt32(), read.GetProperty("count").GetInt32()));
        Assert.Equal((position, position), (read.GetProperty("first").GetInt64(), read.GetProperty("last").GetInt64()));
        var bytes = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, position);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), read.Text("sha256"));

        // Names of parameters are read in capitals too, and so they are written down.
        (await reader.GetAnswerAsync("/v1/session?SESSION=s-1&Pad=x")).Require(200);
        Assert.Equal("s-1", (await ReadsAsync(node, "ann"))[^1].GetProperty("asked").Text("session"));
    }

    [Fact]
    public async Task every_parameter_that_an_endpoint_reads_is_written_down()
    {
        await using var node = await TestNode.StartAsync();
        var names = BoundReaderTests.EndpointsOf(node).SelectMany(endpoint => endpoint.Metadata.GetOrderedMetadata<QueryParameter>())
            .Select(parameter => parameter.Name).Where(name => name != "name").Distinct().ToList();
        Assert.True(names.Count > 20, string.Join(' ', names));
        using var reader = await node.ClientAsync("ann", "read");
        await reader.GetAnswerAsync("/v1/sessions?" + string.Join('&', names.Select(name => $"{name}=1")));

        var read = Assert.Single(await ReadsAsync(node, "ann"));
        Assert.False(read.TryGetProperty("other_parameters", out _), $"{read}");
        Assert.Equal(names.Order(), read.GetProperty("asked").EnumerateObject().Select(one => one.Name).Order());
    }

    [Fact]
    public async Task each_answer_has_a_row_when_it_is_there_and_a_refusal_has_one_too()
    {
        await using var node = await TestNode.StartAsync();
        await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()));
        using var reader = await node.ClientAsync("ann", "read");
        foreach (var (path, route, status, count) in new[]
        {
            ("/v1/sessions/s-1/calls/c-1", "/v1/sessions/{session}/calls/{call}", 200, 2),
            ("/v1/events", "/v1/events", 200, 3), ("/v1/export?format=csv", "/v1/export", 200, 0),
            ("/v1/sessions/none", "/v1/sessions/{session}", 404, 0), ("/v1/search?q=x:y", "/v1/search", 400, 0),
        })
        {
            await reader.GetAnswerAsync(path);
            var read = (await ReadsAsync(node, "ann")).Last(read => read.Text("phase") == "answered");
            Assert.Equal((route, status), (read.Text("route"), read.GetProperty("status").GetInt32()));
            Assert.True(read.GetProperty("count").GetInt32() == count || route == "/v1/events", path);
        }

        // An export is written down when it begins, and with all that it gave when it ended.
        var ended = (await ReadsAsync(node, "ann")).Single(read => read.Text("phase") == "ended");
        Assert.Equal("/v1/export", ended.Text("route"));
        Assert.True(ended.GetProperty("count").GetInt32() > 0);
    }

    [Fact]
    public async Task reading_the_diary_live_or_again_writes_nothing_of_itself()
    {
        await using var node = await TestNode.StartAsync();
        using var tail = await EventStream.OpenAsync(node.Http, "/v1/events");
        using var reader = await node.ClientAsync("ann", "read");
        (await reader.GetAnswerAsync("/v1/sessions")).Require(200);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        for (var heard = await tail.NextAsync(); heard!.Value.Name != "call.transitioned"; heard = await tail.NextAsync())
        {
            Assert.DoesNotContain("\"act\":\"read\"", heard.Value.Data);
        }

        var all = (await node.GetAsync("/v1/events?limit=1000")).Require(200).Json.GetProperty("items").EnumerateArray()
            .Count(item => !item.Text("stream").StartsWith("reader|", StringComparison.Ordinal));
        var last = (await ReadsAsync(node, "admin")).Last(read => read.Text("phase") == "answered" && read.GetProperty("count").GetInt32() > 0);
        Assert.Equal(all, last.GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task what_the_journal_does_not_take_lies_in_a_file_and_is_entered_later_and_without_either_nothing_is_read()
    {
        var engine = (DiaryEngine?)null;
        await using var node = await TestNode.StartAsync(around: inner => engine = new DiaryEngine(inner));
        using var reader = await node.ClientAsync("ann", "read");
        var spool = Path.Combine(node.Data, "diary.spool");
        engine!.IsAway = true;
        (await reader.GetAnswerAsync("/v1/sessions?limit=7")).Require(200);
        (await reader.GetAnswerAsync("/v1/sessions?limit=8")).Require(200);
        Assert.True(File.Exists(spool) || File.Exists(spool + ".entering"));
        if (!OperatingSystem.IsWindows())
        {
            var file = File.Exists(spool) ? spool : spool + ".entering";
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }

        engine.IsAway = false;
        await Patience.UntilAsync(async () => (await ReadsAsync(node, "ann")).Count == 2, "both are entered");
        await Patience.UntilAsync(() => Task.FromResult(!File.Exists(spool) && !File.Exists(spool + ".entering")), "the file is gone");

        engine.IsAway = true;
        Directory.CreateDirectory(spool);
        Assert.Contains("nothing is read unseen", (await reader.GetAnswerAsync("/v1/sessions?limit=9")).Problem(503));
        Directory.Delete(spool);
        engine.IsAway = false;
    }

    [Trait("Point", "13")]
    [Fact]
    public async Task what_is_still_being_given_when_its_token_ends_is_cut()
    {
        await using var node = await TestNode.StartAsync();
        var middleware = new ReadDiaryMiddleware(
            async context => await Task.Delay(Timeout.Infinite, context.RequestAborted),
            node.Running.Services.GetRequiredService<ReadDiary>(), FailureLog.None, TimeProvider.System);
        var holds = true;
        var context = new DefaultHttpContext { Request = { Method = "GET", Path = "/v1/export" } };
        context.Features.Set<IHttpResponseFeature>(new StartedResponse());
        context.Features.Set(new Admission(new Bearer("ann", Roles.Read), _ => ValueTask.FromResult(holds)));
        context.Features.Set<IHttpRequestLifetimeFeature>(new Lifetime());
        context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new ScopeRule(Scope.Binding)), "export"));

        var given = middleware.InvokeAsync(context);
        Assert.False(given.IsCompleted);
        holds = false;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
    }

    private static async Task<List<JsonElement>> ReadsAsync(TestNode node, string reader)
    {
        var found = new List<JsonElement>();
        for (string? next = ""; next is not null;)
        {
            var page = (await node.GetAsync("/v1/events?limit=1000" + (next.Length > 0 ? "&cursor=" + next : ""))).Require(200).Json;
            found.AddRange(page.GetProperty("items").EnumerateArray()
                .Where(item => item.Text("stream").StartsWith("reader|", StringComparison.Ordinal))
                .Select(item => item.GetProperty("event"))
                .Where(row => row.Text("token") == reader).Select(row => row.GetProperty("detail")));
            next = page.GetProperty("next").GetString();
        }

        return found;
    }

    private sealed class StartedResponse : HttpResponseFeature
    {
        public override bool HasStarted => true;
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        private readonly CancellationTokenSource ended = new();

        public CancellationToken RequestAborted
        {
            get => ended.Token;
            set => throw new NotSupportedException();
        }

        public void Abort() => ended.Cancel();
    }

    /// <summary>An engine whose journal does not take the diary.</summary>
    private sealed class DiaryEngine(IAuditEngine engine) : IAuditEngine
    {
        public bool IsAway { get; set; }

        public EngineStats Stats => engine.Stats;

        public Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation) =>
            IsAway && batch[0] is OperatorSubmission { Act: "read" }
                ? throw new JournalUnavailableException("The journal is away.")
                : engine.SubmitAsync(batch, cancellation);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }
}
