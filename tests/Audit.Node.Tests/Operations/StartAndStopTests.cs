using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Operations;

public sealed class StartAndStopTests
{
    [Fact]
    public async Task the_first_token_is_in_a_file_that_only_its_owner_reads_and_nowhere_else()
    {
        await using var node = await TestNode.StartAsync();
        var greeting = Greeting.Lines(node.Running).ToList();

        Assert.Matches("^aat_[A-Za-z0-9_-]{43}$", node.AdminToken);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(node.Running.TokenFile));
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(node.Data));
        }

        Assert.DoesNotContain(node.AdminToken, string.Join('\n', greeting));
        Assert.Contains(greeting, line => line.Contains(node.Running.Urls[0]));
        Assert.Contains(greeting, line => line.Contains(node.Running.TokenFile));
        Assert.Contains(greeting, line => line.Contains("curl"));
    }

    [Fact]
    public async Task a_journal_that_stands_still_for_a_moment_at_the_start_does_not_end_the_node()
    {
        StandsStill? engine = null;
        await using var node = await TestNode.StartAsync(around: inner => engine = new StandsStill(inner, times: 2));

        Assert.Equal(0, engine!.TimesLeft);
        Assert.Contains("node.started", (await node.GetAsync("/v1/events")).Require(200).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_second_start_keeps_the_token_and_one_without_its_file_says_so()
    {
        await using var node = await TestNode.StartAsync();
        var token = node.AdminToken;
        await node.RestartAsync();
        Assert.Equal(token, node.AdminToken);
        Assert.False(node.Running.MadeFirstToken);

        var aside = await File.ReadAllTextAsync(node.Running.TokenFile);
        File.Delete(node.Running.TokenFile);
        Assert.Contains(Greeting.Lines(node.Running), line => line.Contains("has its tokens already"));
        await File.WriteAllTextAsync(node.Running.TokenFile, aside);
    }

    [Fact]
    public async Task starts_and_stops_are_written_down()
    {
        await using var node = await TestNode.StartAsync();
        await node.RestartAsync();
        var acts = (await node.GetAsync("/v1/events")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event")).ToList();

        Assert.Equal(["node.started", "source.created", "node.stopped", "node.started"], acts.Select(act => act.Text("act")));
        Assert.Equal("sqlite", acts[0].GetProperty("detail").Text("store"));
        Assert.Equal(Environment.ProcessId, acts[0].GetProperty("detail").GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task a_store_a_url_or_a_directory_that_cannot_be_used_ends_the_start_with_a_sentence()
    {
        using var directory = new TemporaryDirectory();
        await using var running = await TestNode.StartAsync();
        var good = new NodeOptions
        {
            Store = "sqlite:" + directory.File("journal.db"), Data = directory.File("data"), Urls = "http://127.0.0.1:0",
        };
        await File.WriteAllTextAsync(directory.File("file"), "");

        await Assert.ThrowsAsync<StoreException>(() => NodeHost.StartAsync(good with { Store = running.Options.Store }));
        await Assert.ThrowsAsync<StoreException>(() => NodeHost.StartAsync(good with { Store = "oracle:x" }));
        await Assert.ThrowsAsync<NodeStartException>(() => NodeHost.StartAsync(good with { Urls = running.Url.ToString() }));
        await Assert.ThrowsAsync<NodeStartException>(() => NodeHost.StartAsync(good with { Urls = "nonsense" }));
        await Assert.ThrowsAsync<NodeStartException>(() => NodeHost.StartAsync(good with { Data = directory.File("file/below") }));
        Assert.Equal(2, await NodeHost.RunAsync(good with { Urls = running.Url.ToString() }, CancellationToken.None));

        // Whatever failed left the store free for the next.
        await using var last = await NodeHost.StartAsync(good);
    }

    [Fact]
    public async Task a_node_whose_server_cannot_be_made_leaves_nothing_at_work()
    {
        using var directory = new TemporaryDirectory();
        var clock = new TimerCount();
        var options = new NodeOptions
        {
            Store = "sqlite:" + directory.File("journal.db"), Data = directory.File("data"), Urls = "http://127.0.0.1:0",
        };
        var seams = new NodeSeams { Clock = clock, AddParts = _ => throw new InvalidOperationException("It breaks.") };
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => NodeHost.StartAsync(options, seams, CancellationToken.None));

        // The diary of reads would make a timer every half second.
        var made = clock.Made;
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.Equal(made, clock.Made);
    }

    [Fact]
    public async Task a_stop_finishes_what_a_stream_has_sent_and_ends_it_with_where_to_go_on()
    {
        EngineInFront front = null!;
        await using var node = await TestNode.StartAsync(around: engine => front = new EngineInFront(engine));
        var held = new TaskCompletionSource();
        using var client = await RawClient.StreamAsync(node);
        await client.SendChunkAsync(Item(0) + "\n" + Item(1) + "\n");
        await client.ReadUntilAsync("\"index\":1,");
        var submitted = new TaskCompletionSource();
        front.Instead = async _ =>
        {
            submitted.SetResult();
            await held.Task;
            return null;
        };
        await client.SendChunkAsync(Item(2) + "\n" + Item(3)[..40]);
        await submitted.Task;

        var stopping = node.Running.DisposeAsync().AsTask();
        Assert.False(stopping.IsCompleted);
        held.SetResult();
        var rest = await client.ReadUntilAsync("stopped");
        // As hosts do; the node waits long for one that neither ends its request nor closes the connection.
        client.Dispose();
        await stopping;

        Assert.Contains("{\"index\":2,\"status\":\"recorded\"", rest);
        Assert.Contains("{\"status\":\"stopped\",\"next_index\":3,\"retry_after\":5,", rest);
        await node.RestartAsync();
        (await node.GetAsync("/v1/sessions/s-1/calls/c-2/events")).Require(200);
    }

    [Fact]
    public async Task a_stop_finishes_single_records_that_were_taken()
    {
        EngineInFront front = null!;
        await using var node = await TestNode.StartAsync(around: engine => front = new EngineInFront(engine));
        var held = new TaskCompletionSource();
        var submitted = new TaskCompletionSource();
        front.Instead = async _ =>
        {
            submitted.SetResult();
            await held.Task;
            return null;
        };
        var posting = node.RecordAsync(Item(0));
        await submitted.Task;
        var stopping = node.Running.DisposeAsync().AsTask();

        // The stop has begun while the engine has the record, and ends no sooner than the record.
        Assert.True(node.Running.Web.Lifetime.ApplicationStopping.IsCancellationRequested);
        Assert.False(posting.IsCompleted);
        Assert.False(stopping.IsCompleted);
        held.SetResult();

        (await posting).Require(201);
        await stopping;
        await node.RestartAsync();
    }

    [Fact]
    public async Task tokens_outlive_a_restart()
    {
        await using var node = await TestNode.StartAsync();
        var token = await node.TokenAsync("ci-7", ["read"]);
        await node.RestartAsync();
        using var client = node.ClientWith(token);

        (await client.GetAnswerAsync("/v1/stats")).Require(200);
    }

    private static string Item(int number) => Records.Item("s-1", $"c-{number}", Records.Completed());

    private sealed class TimerCount : TimeProvider
    {
        private int made;

        public int Made => Volatile.Read(ref made);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Interlocked.Increment(ref made);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    /// <summary>Commits nothing so many times, as where the database is asked by all who come back at once.</summary>
    private sealed class StandsStill(IAuditEngine engine, int times) : IAuditEngine
    {
        public int TimesLeft { get; private set; } = times;

        public EngineStats Stats => engine.Stats;

        public Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation) =>
            TimesLeft > 0 && TimesLeft-- > 0
                ? throw new JournalUnavailableException("It stands still.", null, JournalTrouble.Stalled)
                : engine.SubmitAsync(batch, cancellation);

        public ValueTask DisposeAsync() => engine.DisposeAsync();
    }
}
