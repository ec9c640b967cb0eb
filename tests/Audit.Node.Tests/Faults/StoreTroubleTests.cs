using System.Data.Common;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Node.Tests.Faults;

/// <summary>Ready means able to commit now, and what is not says why (issue 14, point 4).</summary>
public sealed class StoreTroubleTests
{
    private const int PageSize = 8192;

    [Fact]
    public async Task a_full_disk_is_not_ready_until_there_is_room()
    {
        using var directory = new TemporaryDirectory();
        await using var disk = await SmallDisk.MountAsync(directory.File("disk"));
        if (disk is null)
        {
            // Only who may mount has a disk to fill.
            return;
        }

        await using var node = await TestNode.StartAsync(
            "sqlite:" + disk.File("journal.db"), change: options => options with { Data = disk.File("data") });
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        (await node.GetAsync("/health/ready")).Require(200);
        disk.Fill();
        await Patience.UntilAsync(async () => (await node.GetAsync("/health/ready")).Status == 503, "it is not ready");
        var ready = (await node.GetAsync("/health/ready")).Require(503).Json;
        Assert.Equal("disk_full", ready.GetProperty("journal").Text("status"));
        Assert.Contains("audit_journal_trouble{reason=\"disk_full\"} 1\n", (await node.GetAsync("/metrics")).Require(200).Text);
        using var anybody = node.ClientWith(null);
        Assert.Equal(
            "The disk of the journal is full.",
            (await anybody.GetAnswerAsync("/health/ready")).Require(503).Json.GetProperty("journal").Text("reason"));

        disk.Empty();
        await ReadyAsync(node);
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Require(201);
    }

    [Fact]
    public async Task a_file_that_another_program_has_locked_is_not_ready_until_it_lets_go()
    {
        await using var node = await TestNode.StartAsync();
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        await using var other = new SqliteConnection($"Data Source={node.StoreFile};Pooling=False");
        await other.OpenAsync();
        await RunAsync(other, "BEGIN IMMEDIATE");
        await NotReadyAsync(node, "locked");
        Assert.True((await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Headers.ContainsKey("Retry-After"));
        await RunAsync(other, "ROLLBACK");
        await ReadyAsync(node);
        Assert.InRange((await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Status, 200, 201);
    }

    [PostgresFact]
    public async Task a_database_that_is_read_only_or_gone_is_not_ready_until_it_is_as_before()
    {
        await using var cluster = await PostgresServer.StartOwnAsync();
        await PostgresServer.ExecuteAsync(cluster.ConnectionString, "CREATE DATABASE book");
        await using var node = await TestNode.StartAsync(
            "postgres:" + new NpgsqlConnectionStringBuilder(cluster.ConnectionString) { Database = "book" }.ConnectionString);
        (await node.RecordAsync(Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        await SetReadOnlyAsync(cluster, "on");
        await NotReadyAsync(node, "read_only");
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Problem(503);
        await SetReadOnlyAsync(cluster, "off");
        await ReadyAsync(node);

        cluster.Kill();
        await NotReadyAsync(node, "away");
        (await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed()))).Problem(503);
        await cluster.StartAgainAsync();
        await ReadyAsync(node);
        Assert.InRange((await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed()))).Status, 200, 201);
    }

    private static async Task SetReadOnlyAsync(ThrowawayCluster cluster, string value)
    {
        foreach (var sql in (string[])
            [$"ALTER SYSTEM SET default_transaction_read_only = {value}", "SELECT pg_reload_conf()"])
        {
            await PostgresServer.ExecuteAsync(cluster.ConnectionString, sql);
        }
    }

    private static Task ReadyAsync(TestNode node) =>
        Patience.UntilAsync(async () => (await node.GetAsync("/health/ready")).Status == 200, "it is ready again");

    /// <summary>It is not ready, and says to anybody in a word and a sentence why.</summary>
    private static Task NotReadyAsync(TestNode node, string why) => Patience.UntilAsync(
        async () =>
        {
            using var anybody = node.ClientWith(null);
            return await anybody.GetAnswerAsync("/health/ready") is { Status: 503 } answer
                && answer.Json.GetProperty("journal") is var journal && journal.Text("status") == why
                && journal.Text("reason").ToString().EndsWith('.');
        },
        $"it is not ready, for the journal is {why}");

    private static async Task RunAsync(DbConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    [Fact]
    public async Task a_damaged_page_is_named_by_its_position_and_never_cuts_a_connection()
    {
        await using var node = await TestNode.StartAsync();
        await node.LinesAsync(Records.Lines(
            Enumerable.Range(0, 1500).Select(number => Records.Item("s-1", $"c-{number}", Records.Completed(output: new string('x', 300))))));
        await node.StopAsync();
        const long position = 700;
        DamagePageOf(node.StoreFile, $"|c-{position}");
        await node.StartAgainAsync();

        // What lies before is read; then the place is named, as a problem or as the last line.
        var whole = await node.GetAsync("/v1/events?limit=1000");
        var before = whole.Require(200).Json;
        var next = before.Text("next");
        Assert.Contains("damaged next to position", (await node.GetAsync($"/v1/events?limit=1000&cursor={next}")).Problem(503));
        var lines = (await node.GetAsync("/v1/events", accept: "application/x-ndjson")).Require(200).Lines;
        Assert.Equal("stopped", lines[^1].Text("status"));
        Assert.Contains("damaged next to position", lines[^1].Text("error"));
        // What the node wrote at its start lies before the calls.
        Assert.InRange(lines[^1].GetProperty("after").GetInt64(), position - 20, position + 5);
        foreach (var (format, begin) in new[] { ("ndjson", "{\"status\":\"stopped\",\"after\":"), ("csv", "") })
        {
            var export = (await node.GetAsync($"/v1/export?format={format}")).Require(200).Text.TrimEnd().Split('\n')[^1];
            Assert.StartsWith(begin, export);
            Assert.Contains("damaged next to position", export);
            Assert.Equal(format == "csv", export.Contains(",export.stopped,"));
        }

        Assert.Contains("damaged next to position", (await node.GetAsync("/v1/export?format=session")).Problem(503));
        using var live = await EventStream.OpenAsync(node.Http, "/v1/events?after=0");
        var last = await live.NextAsync();
        for (var read = last; read is not null; read = await live.NextAsync())
        {
            last = read;
        }

        Assert.Equal("ended", last!.Value.Name);
        Assert.Contains("damaged next to position", last.Value.Data);

        var ready = (await node.GetAsync("/health/ready")).Require(503).Json;
        Assert.Equal("damaged", ready.GetProperty("journal").Text("status"));
        Assert.Contains("audit_journal_trouble{reason=\"damaged\"} 1\n", (await node.GetAsync("/metrics")).Require(200).Text);
        using var anybody = node.ClientWith(null);
        Assert.Equal(
            "Pages of the journal are damaged.",
            (await anybody.GetAnswerAsync("/health/ready")).Require(503).Json.GetProperty("journal").Text("reason"));
    }

    [Fact]
    public async Task a_node_starts_where_the_page_of_its_own_acts_is_damaged_and_says_so()
    {
        await using var node = await TestNode.StartAsync();
        await node.LinesAsync(Records.Lines(
            Enumerable.Range(0, 300).Select(number => Records.Item("s-1", $"c-{number}", Records.Completed(output: new string('x', 300))))));
        await node.UntilReadAsync();
        await node.StopAsync();
        DamagePageOf(node.StoreFile, "operator|20");
        await node.StartAgainAsync();

        // Who reads it anew finds it, a moment after the start.
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/ready")).Json.GetProperty("journal").Text("status") == "damaged", "the node says so");
        Assert.Contains("damaged next to position", (await node.GetAsync("/v1/events?limit=10")).Problem(503));
    }

    [Fact]
    public async Task questions_end_also_where_the_page_of_the_approvals_is_damaged()
    {
        var clock = new SettableClock();
        using var directory = new TemporaryDirectory();
        File.WriteAllText(directory.File("policy.json"), """
            {"preset":"ask","trust":"claimed","rules":[{"name":"builds","tool":"make","then":"approve-for-session"}]}
            """);
        await using var node = await TestNode.StartAsync(
            clock: clock, change: options => options with { Policy = directory.File("policy.json") });
        using var host = node.ClientWith(await node.TokenAsync("host", ["ingest"]));
        await AskAsync("first", "deploy", "awaiting_confirmation");
        await FillAsync("before");
        await AskAsync("given", "make", "approved");
        await FillAsync("between");
        await AskAsync("last", "deploy", "awaiting_confirmation");
        await node.UntilReadAsync();
        await node.StopAsync();
        DamagePageOf(node.StoreFile, "operator|approvals|");
        clock.Advance(TimeSpan.FromHours(2));
        await node.StartAgainAsync();

        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/sessions/s-1/calls/last/events?source=host")).Require(200).Text
                .Contains("\"invalidated\"", StringComparison.Ordinal), "the question ends");
        Assert.Contains("audit_failures_total{place=\"approvals that end\"}", (await node.GetAsync("/metrics")).Require(200).Text);

        async Task AskAsync(string call, string tool, string state) => Assert.Equal(state, (await host.PostAsync(
            "/v1/decide", $$"""{"session_id":"s-1","tool_call_id":"{{call}}","tool_name":"{{tool}}"}""")).Require(200).Json.Text("state"));

        Task FillAsync(string name) => node.LinesAsync(Records.Lines(Enumerable.Range(0, 100).Select(
            number => Records.Item("s-2", $"{name}-{number}", Records.Completed(output: new string('x', 300))))));
    }

    /// <summary>Writes zeros over the page of the table that holds the first of what is named so.</summary>
    private static void DamagePageOf(string file, string name)
    {
        var call = Encoding.UTF8.GetBytes(name);
        var bytes = File.ReadAllBytes(file);
        for (var page = 1; page < bytes.Length / PageSize; page++)
        {
            var content = bytes.AsSpan(page * PageSize, PageSize);
            // A leaf of a table, and not of an index.
            if (content[0] == 0x0D && content.IndexOf(call) >= 0)
            {
                content.Clear();
                File.WriteAllBytes(file, bytes);
                return;
            }
        }

        throw new InvalidOperationException("No page has it.");
    }
}
