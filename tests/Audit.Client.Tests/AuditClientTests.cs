using System.Collections.Concurrent;
using System.Diagnostics;
using Audit.Client.Http;
using Audit.Client.Sending;

namespace Audit.Client.Tests;

/// <summary>The client within a host: what it throws, tells and traces.</summary>
public sealed class AuditClientTests(ContractNode served) : IClassFixture<ContractNode>
{
    private static int lastSession;

    private readonly HostedNode node = served.Node;
    private readonly string session = $"in-{Interlocked.Increment(ref lastSession)}";

    [Fact]
    public async Task many_tools_at_once_each_have_their_whole_life_in_the_book()
    {
        await using var client = Open();
        var ran = new ConcurrentBag<string>();
        var runs = await Task.WhenAll(Enumerable.Range(0, 100).Select(n => client.RunAsync(Call($"c-{n}"), _ =>
        {
            ran.Add($"c-{n}");
            return Task.FromResult(new AuditToolResult(true, $"{n}"));
        })));

        Assert.All(runs, run => Assert.True(run.Ran));
        Assert.Equal(100, ran.Distinct().Count());
        foreach (var call in ran)
        {
            Assert.Equal(
                ["requested", "requires_confirmation", "approved", "started", "completed"], await node.KindsAsync(session, call));
        }
    }

    [Fact]
    public async Task a_tool_that_throws_throws_and_its_failure_is_in_the_book()
    {
        await using var client = Open();
        await Assert.ThrowsAsync<FormatException>(() => client.RunAsync(Call("c-1"), _ => throw new FormatException("no number")));

        var result = (await node.CallAsync(session, "c-1"))[^1].GetProperty("record").GetProperty("outcome").GetProperty("result");
        Assert.Equal((false, "no number"), (result.GetProperty("success").GetBoolean(), result.GetProperty("output").GetString()));
        Assert.True(result.TryGetProperty("duration_ms", out _));
    }

    [Fact]
    public async Task a_tool_that_is_cancelled_is_recorded_as_cancelled()
    {
        await using var client = Open();
        using var giving = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.RunAsync(
            Call("c-1"),
            async cancellation =>
            {
                await giving.CancelAsync();
                await Task.Delay(Timeout.Infinite, cancellation);
                return new AuditToolResult(true, "");
            },
            cancellation: giving.Token));
        Assert.Equal("cancelled", (await node.KindsAsync(session, "c-1"))[^1]);
    }

    [Fact]
    public async Task a_call_that_completed_already_runs_no_second_time()
    {
        await using var client = Open();
        Assert.True((await client.RunAsync(Call("c-1"), Done)).Ran);
        var ran = false;
        var failure = await Assert.ThrowsAsync<AuditException>(() => client.RunAsync(Call("c-1"), _ =>
        {
            ran = true;
            return Done(default);
        }));

        Assert.Equal((AuditFailure.NotRecorded, false), (failure.Failure, ran));
        Assert.Null(failure.Result);
    }

    [Fact]
    public async Task an_approval_that_has_expired_begins_nothing()
    {
        await using var other = await HostedNode.StartAsync("""{"preset":"approve-all","approvals_hold":"1s"}""");
        await using var client = new AuditClient(OptionsOf(other));
        var decision = await client.DecideAsync(Call("c-1"));
        while (DateTimeOffset.UtcNow <= decision.ValidUntil)
        {
            await Task.Delay(50);
        }

        var ran = false;
        var failure = await Assert.ThrowsAsync<AuditException>(() => client.RunAsync(Call("c-1"), _ =>
        {
            ran = true;
            return Done(default);
        }));
        Assert.Equal((AuditFailure.Refused, false), (failure.Failure, ran));
        Assert.Equal("approved", (await other.KindsAsync(session, "c-1"))[^1]);
    }

    [Fact]
    public async Task a_client_that_is_closed_is_closed()
    {
        var client = Open();
        await client.DisposeAsync();
        await client.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.NoteAsync(session, "late"));
    }

    [Fact]
    public async Task what_was_stopped_before_it_could_be_written_down_as_begun_does_not_run()
    {
        var (asked, begun) = (0, (DateTime?)null);
        using var place = new ListeningPlace(body => Task.FromResult(
            !body.Contains("\"record\":", StringComparison.Ordinal)
                ? (200, asked++ == 0 ? """{"state":"approved","decision":"approve-once","sequence":3}""" : """{"state":"blocked","decision":"reject"}""")
            : DateTime.UtcNow - (begun ??= DateTime.UtcNow) > TimeSpan.FromSeconds(4) ? (200, """{"index":0,"status":"recorded"}""")
            : (503, "{}")));
        await using var client = new AuditClient(OptionsOf(node) with { Server = place.Url });
        var run = await client.RunAsync(Call("c-1"), _ => throw new InvalidOperationException("It ran."));

        Assert.Equal((false, "reject", 2), (run.Ran, run.Decision.Decision, asked));
    }

    [Fact]
    public async Task why_the_node_takes_nothing_for_now_is_told_when_patience_ends()
    {
        using var place = new ListeningPlace(_ => Task.FromResult((503, """{"title":"Away","detail":"the disk is full"}""")));
        await using var client = new AuditClient(OptionsOf(node) with { Server = place.Url, Patience = TimeSpan.FromSeconds(1) });
        var failure = await Assert.ThrowsAsync<AuditException>(() => client.NoteAsync(session, "step"));

        Assert.Contains("the disk is full", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task what_the_node_will_not_have_takes_nothing_with_it_that_was_not_sent()
    {
        var outbox = new MemoryOutbox(TimeSpan.FromMinutes(1), 1 << 20);
        var refused = outbox.SendAsync("1\n"u8.ToArray());
        Assert.Equal(1, (await outbox.NextAsync(default)).Count);
        var other = outbox.SendAsync("2\n"u8.ToArray());
        outbox.EndAttempt(new NodeException(NodeTrouble.Refused, "too large"));

        await Assert.ThrowsAsync<NodeException>(() => refused);
        Assert.False(other.IsCompleted);
        Assert.Equal(1, (await outbox.NextAsync(default)).Count);
    }

    [Fact]
    public async Task where_nothing_is_enforced_a_host_may_say_that_its_tools_run()
    {
        await using var other = await HostedNode.StartAsync(policy: null);
        await using var client = new AuditClient(OptionsOf(other) with { RunsWithoutOpinion = true });

        var run = await client.RunAsync(Call("c-1"), Done);
        Assert.Equal((true, true, false), (run.Ran, run.Decision.HasNoOpinion, run.Decision.IsApproved));
        Assert.Equal(["requested", "started", "completed"], await other.KindsAsync(session, "c-1"));
    }

    [Fact]
    public async Task every_field_of_a_record_stands_in_the_book_as_it_was_given()
    {
        await using var client = Open();
        var call = Call("c-1") with
        {
            TaskId = "t-1", Agent = "a-1", DisplayName = "Lösche \"alles\"\n", Tier = "Confirm", Turn = 7, Provider = "p", Model = "m",
            RequestedInput = JsonSerializer.SerializeToElement(new { a = 1 }), Location = "/srv",
        };
        await client.RecordAsync(call, AuditOutcome.RequiresConfirmation(
            "May I?", new AuditListenContext("op-1", 3, JsonSerializer.SerializeToElement("shown"), DateTimeOffset.UnixEpoch.AddYears(60))));
        await client.RecordAsync(call, AuditOutcome.Approved("approve-once", "ada", "go on"));
        await client.RecordAsync(call, AuditOutcome.Completed(new AuditToolResult(true, "out")
        {
            Data = JsonSerializer.SerializeToElement(new { rows = 2 }), Duration = TimeSpan.FromMilliseconds(1500), ArtifactId = 9,
            Documents = [new AuditDocument("image/png", new byte[] { 1, 2, 3 })],
        }));

        var events = await node.CallAsync(session, "c-1");
        var asked = events[0].GetProperty("record");
        Assert.Equal("Lösche \"alles\"\n", asked.GetProperty("display_name").GetString());
        Assert.Equal("""{"provider":"p","model":"m"}""", asked.GetProperty("provenance").GetRawText());
        Assert.Equal((7, "t-1", "a-1"), (asked.GetProperty("turn").GetInt32(), events[0].GetProperty("task_id").GetString(), events[0].GetProperty("agent").GetString()));
        Assert.Equal(
            """{"kind":"requires_confirmation","description":"May I?","listen_context":{"operation_id":"op-1","revision":3,"snapshot":"shown","expires_at":"2030-01-01T00:00:00.0000000Z"},"permission":{"kind":"read"},"location":"/srv"}""",
            asked.GetProperty("outcome").GetRawText());
        Assert.Equal(
            """{"kind":"approved","decision":"approve-once","by":"ada","feedback":"go on"}""",
            events[1].GetProperty("record").GetProperty("outcome").GetRawText());
        Assert.Equal(
            """{"success":true,"output":"out","artifact":{"id":9},"data":{"rows":2},"documents":[{"media_type":"image/png","data":"AQID"}],"duration_ms":1500}""",
            events[2].GetProperty("record").GetProperty("outcome").GetProperty("result").GetRawText());
    }

    [Fact]
    public async Task what_is_asked_and_run_is_traced()
    {
        var seen = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == AuditClient.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = seen.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var client = Open();
        await client.RunAsync(Call("c-1"), Done);

        var run = Assert.Single(seen, one => one.OperationName == "execute_tool tool" && (string?)one.GetTagItem("audit.session") == session);
        var asked = Assert.Single(seen, one => one.OperationName == "audit.decide" && (string?)one.GetTagItem("audit.session") == session);
        Assert.Equal(run.SpanId, asked.ParentSpanId);
        Assert.Equal("approve-once", run.GetTagItem("audit.decision"));
    }

    [Fact]
    public async Task a_trouble_in_the_background_is_told_once()
    {
        using var directory = new TemporaryDirectory();
        var told = new ConcurrentQueue<AuditTrouble>();
        await using var client = new AuditClient(OptionsOf(node) with
        {
            Server = new Uri("http://127.0.0.1:9"), SpoolPath = directory.File("deep/er/spool"),
            OnTrouble = trouble =>
            {
                told.Enqueue(trouble);
                throw new InvalidOperationException("a log that is broken");
            },
        });
        await client.NoteAsync(session, "step");

        Assert.Equal(1, await client.FlushAsync(TimeSpan.FromSeconds(1)));
        Assert.Equal(AuditFailure.NoAnswer, Assert.Single(told).Failure);
    }

    [Theory]
    [InlineData("ftp://example.org", "t", "Server")]
    [InlineData("http://example.org", "", "Token")]
    [InlineData("http://example.org", "a b", "Token")]
    public void options_that_cannot_be_meant_are_refused_with_a_sentence(string server, string token, string named) =>
        Assert.StartsWith(named, Assert.Throws<ArgumentException>(
            () => new AuditClient(new AuditClientOptions { Server = new Uri(server), Token = token })).Message);

    private static Task<AuditToolResult> Done(CancellationToken cancellation) => Task.FromResult(new AuditToolResult(true, "done"));

    private static AuditClientOptions OptionsOf(HostedNode asked) => new() { Server = asked.Url, Token = asked.HostToken };

    private AuditClient Open() => new(OptionsOf(node));

    private AuditCall Call(string id) => new()
    {
        SessionId = session, ToolCallId = id, ToolName = "tool", Turn = 1, PermissionKind = "read",
        EffectiveInput = JsonSerializer.SerializeToElement(new { a = id }),
    };
}
