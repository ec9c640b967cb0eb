using System.Data.Common;
using System.Text.Json;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Audit.Node.Tests.Trust;

/// <summary>A journal that lacks what others remember takes nothing, until somebody stands for that by name of a reason.</summary>
public abstract class SetBackContract
{
    [ContractFact]
    public async Task a_journal_that_loses_its_end_while_the_node_runs_takes_nothing_until_it_is_put_back()
    {
        await using var node = await StartAsync();
        await SetBackStory.RecordSealedAsync(node, "c-1", "c-2", "c-3");
        // In one go: a journal that is shorter for a moment only would be looked at in between.
        await RunAsync(node, $"CREATE TABLE kept AS SELECT * FROM journal WHERE ordering > 3; DELETE FROM journal WHERE ordering > 3");
        await SetBackStory.UntilReadyAsync(node, 503);
        await SetBackStory.RequireShutAsync(node);
        await RunAsync(node, $"INSERT INTO journal {Overriding} SELECT * FROM kept");
        await SetBackStory.UntilReadyAsync(node, 200);
        (await node.RecordAsync(Records.Item("s-1", "c-4", Records.Completed()))).Require(201);
        await SetBackStory.RecordSealedAsync(node, "c-5");
    }

    [ContractFact]
    public async Task an_older_journal_is_found_at_the_start_and_accepted_for_a_reason_only()
    {
        await using var node = await StartAsync();
        await SetBackStory.RecordSealedAsync(node, "c-1", "c-2", "c-3");
        await SetBackStory.UntilReadAsync(node, "c-3");
        var last = (await node.GetAsync("/v1/log")).Json.GetProperty("position").GetInt64();
        await node.StopAsync();
        await RunAsync(node, "DELETE FROM journal WHERE ordering > 3");
        await node.StartAgainAsync();
        await SetBackStory.RequireShutAsync(node);
        // What cannot be written down uses up no name, which stands for one bearer for ever.
        (await node.PostAsync("/v1/tokens", """{"name":"auditor","roles":["read"]}""")).Problem(503);
        await node.StopAsync();

        await node.StartAgainAsync(options => options with { AcceptSetBack = "the disk was lost, and this is its backup" });
        (await node.GetAsync("/health/ready")).Require(200);
        var accepted = await SetBackStory.AcceptedAsync(node);
        Assert.Equal("the disk was lost, and this is its backup", accepted.Text("reason"));
        (await node.PostAsync("/v1/tokens", """{"name":"auditor","roles":["read"]}""")).Require(201);
        Assert.Equal((3L, 4L), (accepted.GetProperty("last_position").GetInt64(), accepted.GetProperty("lost_from").GetInt64()));
        Assert.True(accepted.GetProperty("lost_until").GetInt64() > last, "the stop was sealed too");
        // The text index may not have come so far.
        Assert.True(accepted.GetProperty("remembered").TryGetProperty("log", out _));
        Assert.True(accepted.GetProperty("remembered").TryGetProperty("read models", out _));
        // A new log says for ever what it took the place of.
        Assert.Equal(
            "the disk was lost, and this is its backup", Assert.Single((await new LogClient(node).LogAsync()).GetProperty("restarts").EnumerateArray()).Text("reason"));
        await SetBackStory.RecordSealedAsync(node, "c-4");
        await SetBackStory.UntilReadAsync(node, "c-4");
        (await node.GetAsync("/v1/sessions/s-1/calls/c-3")).Problem(404);

        await node.RestartAsync();
        (await node.GetAsync("/health/ready")).Require(200);
        await node.StopAsync();
        var refused = await Assert.ThrowsAsync<StoreException>(() => node.StartAgainAsync(options => options with { AcceptSetBack = "once more" }));
        Assert.Contains("without --accept-set-back", refused.Message);
        await node.StartAgainAsync();
    }

    private protected abstract Task<TestNode> StartAsync();

    private protected abstract Task<DbConnection> ConnectAsync(TestNode node);

    /// <summary>Takes away what keeps the journal from being changed.</summary>
    private protected abstract string Unguard { get; }

    private protected virtual string Overriding => "";

    private async Task RunAsync(TestNode node, string sql)
    {
        await using var connection = await ConnectAsync(node);
        await using var command = connection.CreateCommand();
        command.CommandText = $"{Unguard}; BEGIN; {sql}; COMMIT";
        await command.ExecuteNonQueryAsync();
    }
}

public sealed class SqliteSetBackTests : SetBackContract
{
    [Fact]
    public async Task a_journal_that_was_moved_away_is_not_begun_anew()
    {
        await using var node = await StartAsync();
        await SetBackStory.RecordSealedAsync(node, "c-1", "c-2");
        await SetBackStory.UntilReadAsync(node, "c-2");
        await node.StopAsync();
        Move(node, node.StoreFile, node.StoreFile + ".away");
        await node.StartAgainAsync();
        await SetBackStory.RequireShutAsync(node);
        await node.StopAsync();

        // Put back, it is taken up where it was, and sealing goes on by itself.
        Move(node, node.StoreFile, node.StoreFile + ".empty");
        Move(node, node.StoreFile + ".away", node.StoreFile);
        await node.StartAgainAsync();
        (await node.GetAsync("/health/ready")).Require(200);
        await SetBackStory.RecordSealedAsync(node, "c-3");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
    }

    [Fact]
    public async Task an_old_backup_in_the_place_of_the_journal_is_found_by_whoever_remembers_more()
    {
        await using var node = await StartAsync();
        await SetBackStory.RecordSealedAsync(node, "c-1");
        await node.StopAsync();
        var backup = Directory.CreateDirectory(Path.Combine(node.Data, "backup")).FullName;
        CopyAll(Path.GetDirectoryName(node.StoreFile)!, backup);
        await node.StartAgainAsync();
        await SetBackStory.RecordSealedAsync(node, "c-2");
        await SetBackStory.UntilReadAsync(node, "c-2");
        await node.StopAsync();
        var newest = Directory.CreateDirectory(Path.Combine(node.Data, "newest")).FullName;
        CopyAll(Path.GetDirectoryName(node.StoreFile)!, newest);

        // The file in the data directory remembers, when all databases were set back.
        CopyAll(backup, Path.GetDirectoryName(node.StoreFile)!);
        await node.StartAgainAsync();
        await SetBackStory.RequireShutAsync(node);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/sealing")).Text.Contains("\"halted\"", StringComparison.Ordinal), "nothing is sealed on");
        await node.StopAsync();

        // Put right, the log is sealed on by itself: what was kept of the halt lay in the old backup.
        CopyAll(newest, Path.GetDirectoryName(node.StoreFile)!);
        await node.StartAgainAsync();
        (await node.GetAsync("/health/ready")).Require(200);
        await SetBackStory.RecordSealedAsync(node, "c-2b");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
        await SetBackStory.UntilReadAsync(node, "c-2b");
        await node.StopAsync();
        CopyAll(Path.GetDirectoryName(node.StoreFile)!, newest);
        CopyAll(backup, Path.GetDirectoryName(node.StoreFile)!);

        // The read models alone remember.
        File.Delete(node.Options.CheckpointFile);
        File.Copy(Path.Combine(newest, "journal-read.db"), node.StoreFile.Replace(".db", "-read.db"), overwrite: true);
        await node.StartAgainAsync();
        await SetBackStory.RequireShutAsync(node);
        await node.StopAsync();
        await node.StartAgainAsync(options => options with { AcceptSetBack = "restored" });
        Assert.Equal("read models", Assert.Single((await SetBackStory.AcceptedAsync(node)).GetProperty("remembered").EnumerateObject()).Name);
        (await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed()))).Require(201);
    }

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync();

    private protected override async Task<DbConnection> ConnectAsync(TestNode node)
    {
        var connection = new SqliteConnection($"Data Source={node.StoreFile};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }

    private protected override string Unguard =>
        "PRAGMA busy_timeout = 10000; DROP TRIGGER IF EXISTS journal_no_update; DROP TRIGGER IF EXISTS journal_no_delete";

    private static void Move(TestNode node, string from, string to)
    {
        Assert.NotNull(node);
        foreach (var suffix in (string[])["", "-wal", "-shm"])
        {
            if (File.Exists(from + suffix))
            {
                File.Move(from + suffix, to + suffix);
            }
        }
    }

    private static void CopyAll(string from, string to)
    {
        foreach (var file in Directory.GetFiles(to, "journal*"))
        {
            File.Delete(file);
        }

        foreach (var file in Directory.GetFiles(from, "journal*"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}

[NeedsPostgres]
public sealed class PostgresSetBackTests : SetBackContract, IAsyncLifetime
{
    private PostgresDatabase? database;

    public async Task InitializeAsync() =>
        database = PostgresServer.Unavailable is null ? await PostgresServer.CreateDatabaseAsync() : null;

    public async Task DisposeAsync() => await (database?.DisposeAsync() ?? ValueTask.CompletedTask);

    private protected override Task<TestNode> StartAsync() => TestNode.StartAsync("postgres:" + database!.ConnectionString);

    private protected override async Task<DbConnection> ConnectAsync(TestNode node)
    {
        var connection = new NpgsqlConnection(database!.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private protected override string Unguard =>
        "ALTER TABLE journal DISABLE TRIGGER USER; ALTER TABLE journal ALTER COLUMN ordering SET GENERATED BY DEFAULT";
}

/// <summary>What the tests of a set back do with a node.</summary>
internal static class SetBackStory
{
    public static async Task RecordSealedAsync(TestNode node, params string[] calls)
    {
        foreach (var call in calls)
        {
            var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
            Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
        }
    }

    public static Task UntilReadAsync(TestNode node, string call) => Patience.UntilAsync(
        async () => (await node.GetAsync($"/v1/sessions/s-1/calls/{call}")).Status == 200, "the read models are there");

    /// <summary>Until read models and text index are as far as the journal is.</summary>
    public static Task UntilAllIsReadAsync(TestNode node) => Patience.UntilAsync(
        async () =>
        {
            var stats = (await node.GetAsync("/v1/stats")).Require(200).Json;
            var last = PositionOf("journal");
            return PositionOf("projections") == last && PositionOf("search") == last;

            long PositionOf(string part) => stats.GetProperty(part).GetProperty("position").GetInt64();
        },
        "read models and text index have everything");

    public static Task UntilReadyAsync(TestNode node, int status) => Patience.UntilAsync(
        async () => (await node.GetAsync("/health/ready")).Status == status, $"readiness is {status}");

    /// <summary>It takes nothing in any form, says why, and is read all the same.</summary>
    public static async Task RequireShutAsync(TestNode node)
    {
        var ready = (await node.GetAsync("/health/ready")).Require(503).Json;
        Assert.Equal(("not_ready", "set_back"), (ready.Text("status"), ready.GetProperty("journal").Text("status")));
        Assert.Contains("was set back", ready.GetProperty("journal").Text("reason"));
        var metrics = new ShownMetrics((await node.GetAsync("/metrics")).Require(200).Text);
        Assert.Equal((0, 1), (metrics.Value("audit_ready"), metrics.Value("audit_journal_trouble", "set_back")));
        var item = Records.Item("s-1", "c-9", Records.Completed());
        Assert.Contains("--accept-set-back", (await node.RecordAsync(item)).Problem(503));
        Assert.Contains("--accept-set-back", (await node.LinesAsync(Records.Lines(item))).Problem(503));
        Assert.Contains("--accept-set-back", (await node.PostAsync("/v1/tokens", $$"""{"name":"eve-{{Guid.NewGuid():N}}","roles":["read"]}""")).Problem(503));
        (await node.GetAsync("/v1/sessions")).Require(200);
        (await node.GetAsync("/v1/log")).Require(200);
    }

    public static async Task<JsonElement> AcceptedAsync(TestNode node) =>
        (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event"))
            .Single(item => item.Text("event") == "operator.acted" && item.Text("act") == "store.set_back_accepted").GetProperty("detail");
}
