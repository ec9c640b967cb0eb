using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using Audit.Node.Tests.Support;
using Npgsql;

namespace Audit.Node.Tests.Faults;

/// <summary>A node that is stopped, or gone, stops nobody else (issue 14, point 1).</summary>
[Collection(AloneCollection.Name)]
public sealed class FrozenNodeTests
{
    [PostgresFact]
    public async Task nodes_that_are_frozen_in_the_middle_of_their_writing_keep_nobody_from_writing()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var node = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        using var directory = new TemporaryDirectory();
        await using var other = await StartOtherAsync(node, database, directory.File("other"));
        using var client = new HttpClient { BaseAddress = other.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", node.AdminToken);

        using var stop = new CancellationTokenSource();
        var sent = 0;
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await WriteManyAsync(client, sent++, stop.Token);
            }
        });
        try
        {
            for (var round = 0; round < 12; round++)
            {
                var before = Volatile.Read(ref sent);
                await Patience.UntilAsync(() => Task.FromResult(Volatile.Read(ref sent) > before), "the other node writes");
                await Task.Delay(Random.Shared.Next(0, 40));
                other.Signal("STOP");
                // Its deadline is what the issue promises.
                (await node.RecordAsync(Records.Item("here", $"c-{round}", Records.Completed())).WaitAsync(TimeSpan.FromSeconds(5))).Require(201);
                (await node.GetAsync("/health/ready")).Require(200);
                other.Signal("CONT");
            }
        }
        finally
        {
            await stop.CancelAsync();
            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await RequireWholeAsync(database);
    }

    [PostgresFact]
    public async Task a_frozen_node_that_wakes_up_finds_what_others_wrote_meanwhile()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var node = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        using var directory = new TemporaryDirectory();
        await using var other = await StartOtherAsync(node, database, directory.File("other"));
        using var client = new HttpClient { BaseAddress = other.Url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", node.AdminToken);
        (await PostAsync(client, Records.Item("s-1", "c-1", Records.Asked(), tier: "Confirm"))).Require(201);

        var end = Records.Item("s-1", "c-1", Records.Blocked(), tier: "Confirm", at: "2025-01-02T03:05:05Z");
        // The other node has the call at hand, and is sent its end while it sleeps; so is this one.
        other.Signal("STOP");
        var late = PostAsync(client, end);
        (await node.RecordAsync(end)).Require(201);
        other.Signal("CONT");
        Assert.Equal("duplicate", (await late).Require(200).Json.Text("status"));
        await RequireWholeAsync(database);
    }

    [PostgresFact]
    public async Task who_waits_for_a_lock_that_nobody_lets_go_is_answered_at_once_and_readiness_says_so()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var node = await TestNode.StartAsync("postgres:" + database.ConnectionString);
        await using var holder = await database.ConnectAsync();
        await RunAsync(holder, "BEGIN; SELECT pg_advisory_xact_lock(7401, 1)");

        var item = Records.Item("s-1", "c-1", Records.Completed());
        var first = await node.RecordAsync(item).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Contains("lock is held by process", first.Problem(503));
        Assert.Equal("2", first.Headers["Retry-After"]);
        Assert.Contains("lock is held by process", (await node.LinesAsync(Records.Lines(item))).Problem(503));
        var ready = (await node.GetAsync("/health/ready")).Require(503).Json;
        Assert.Equal(("not_ready", "locked"), (ready.Text("status"), ready.GetProperty("journal").Text("status")));
        using var anybody = node.ClientWith(null);
        Assert.Equal(
            "Another process holds the journal's lock.",
            (await anybody.GetAnswerAsync("/health/ready")).Require(503).Json.GetProperty("journal").Text("reason"));

        await RunAsync(holder, "ROLLBACK");
        await Patience.UntilAsync(async () => (await node.GetAsync("/health/ready")).Status == 200, "it is ready again");
        (await node.RecordAsync(item)).Require(201);
    }

    [PostgresFact]
    public async Task a_database_that_stands_still_hangs_no_client()
    {
        var server = await PostgresServer.StartDurableAsync();
        await using var node = await TestNode.StartAsync(
            "postgres:" + new NpgsqlConnectionStringBuilder(server) { Database = "postgres" }.ConnectionString);
        var item = Records.Item("s-1", "c-1", Records.Completed());
        using var stream = await RawClient.StreamAsync(node);
        await stream.SendChunkAsync(item + "\n");
        await stream.ReadUntilAsync("recorded");
        (await node.GetAsync("/metrics")).Require(200);
        var processes = await ServerProcesses.OfAsync(server);
        processes.Signal("STOP");
        try
        {
            await stream.SendChunkAsync(Records.Item("s-1", "c-2", Records.Completed()) + "\n");
            var posted = await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed())).WaitAsync(TimeSpan.FromSeconds(8));
            Assert.True(posted.Headers.ContainsKey("Retry-After"), posted.Text);
            posted.Problem(503);
            Assert.Contains("\"next_index\":1", await stream.ReadUntilAsync("stopped").WaitAsync(TimeSpan.FromSeconds(8)));
            (await node.GetAsync("/health/ready").WaitAsync(TimeSpan.FromSeconds(8))).Require(503);
            Assert.Contains("\"origin\"", (await node.GetAsync("/health/sealing").WaitAsync(TimeSpan.FromSeconds(15))).Text);
            (await node.GetAsync("/v1/events").WaitAsync(TimeSpan.FromSeconds(8))).Problem(503);
            // Whoever collects numbers is let in by what was known of his token, and shown what is wrong.
            var metrics = new ShownMetrics((await node.GetAsync("/metrics")).Require(200).Text);
            Assert.Equal(0, metrics.Value("audit_ready"));
            Assert.Equal(1, metrics.Value("audit_journal_trouble", "stalled") + metrics.Value("audit_journal_trouble", "away"));
        }
        finally
        {
            processes.Signal("CONT");
        }

        await Patience.UntilAsync(async () => (await node.GetAsync("/health/ready")).Status == 200, "it is ready again");
        foreach (var call in (string[])["c-2", "c-3"])
        {
            var answer = await node.RecordAsync(Records.Item("s-1", call, Records.Completed()));
            Assert.True(answer.Status is 200 or 201, answer.Text);
        }
    }

    private static Task<NodeProcess> StartOtherAsync(TestNode node, PostgresDatabase database, string data)
    {
        // tests/<project>/bin/<configuration>/<framework>/
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var root = here.Parent!.Parent!.Parent!.Parent!.Parent!.FullName;
        var program = Path.Combine(root, "src", "Audit.Node", "bin", here.Parent.Name, here.Name, "audit.dll");
        return NodeProcess.StartAsync(program, data, [
            "--urls", "http://127.0.0.1:0", "--store", "postgres:" + database.ConnectionString,
            "--row-key", node.Options.RowKeyFile]);
    }

    private static async Task WriteManyAsync(HttpClient client, int round, CancellationToken cancellation)
    {
        var body = string.Concat(Enumerable.Range(0, 500).Select(number => Records.Item($"there-{round}", $"c-{number}", Records.Completed()) + "\n"));
        using var content = new StringContent(body, Encoding.UTF8, "application/x-ndjson");
        using var answer = await client.PostAsync(new Uri("/v1/records", UriKind.Relative), content, cancellation);
        await answer.Content.ReadAsStringAsync(cancellation);
    }

    private static Task<Answer> PostAsync(HttpClient client, string item) =>
        client.AnswerAsync(HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(item), "application/json");

    /// <summary>No stream has a gap or an event twice.</summary>
    private static async Task RequireWholeAsync(PostgresDatabase database)
    {
        await using var connection = await database.ConnectAsync();
        await using var command = new NpgsqlCommand(
            "SELECT count(*) FROM (SELECT persistence_id FROM journal GROUP BY 1 HAVING max(sequence_number) <> count(*)) AS broken",
            connection);
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
