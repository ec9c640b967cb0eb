using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Audit.Node.Tests.Log;

public sealed class LogLifeTests
{
    [Fact]
    public async Task the_first_start_of_a_store_makes_a_key_that_only_its_owner_reads_and_that_stays()
    {
        await using var node = await TestNode.StartAsync();
        await RecordSealedAsync(node, "c-1");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(node.Options.LogKeyFile));
        }

        var first = await new LogClient(node).LogAsync();
        Assert.StartsWith("audit.local/", first.Text("origin"));
        Assert.Empty(first.GetProperty("witnesses").EnumerateArray());
        await node.RestartAsync();
        await RecordSealedAsync(node, "c-2");
        Assert.Equal(first.Text("key"), (await new LogClient(node).LogAsync()).Text("key"));
    }

    [Fact]
    public async Task a_node_that_stops_leaves_nothing_unsealed()
    {
        await using var node = await TestNode.StartAsync();
        await RecordSealedAsync(node, "c-1");
        await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()));
        await node.StopAsync();
        var verdict = await VerifyAsync(node);
        await node.StartAgainAsync();
        Assert.Empty(verdict.Integrity.Faults);
        // The start, the first token's source, two records, and the stop.
        Assert.Equal((5, 0), (verdict.Integrity.Size, verdict.Integrity.UnsealedRows));
    }

    [Fact]
    public async Task a_store_is_verified_while_its_node_runs()
    {
        await using var node = await TestNode.StartAsync();
        await RecordSealedAsync(node, "c-1");
        var verdict = await VerifyAsync(node);
        Assert.Empty(verdict.Integrity.Faults);
        Assert.Equal(KeyTrust.DataDirectory, verdict.Integrity.KeyTrust);
    }

    [Fact]
    public async Task a_log_whose_rows_were_changed_is_halted_and_an_operator_starts_a_new_one()
    {
        await using var node = await TestNode.StartAsync();
        await RecordSealedAsync(node, "c-1");
        var old = await new LogClient(node).CheckpointAsync();
        // What the read models remember as their last row is another one else, and then the node takes nothing.
        await node.UntilReadAsync();
        await node.StopAsync();
        ChangeRow(node);
        await node.StartAgainAsync();
        Assert.Contains("position 2", await HaltedAsync(node));
        (await node.GetAsync("/health/live")).Require(200);

        (await node.PostAsync("/v1/log/restart", "{}")).Problem(422);
        (await node.PostAsync("/v1/log/restart", """{"reason":"x","origin":"a+b"}""")).Problem(422);
        using var approver = await node.ClientAsync("eve", "approve");
        (await approver.PostAsync("/v1/log/restart", """{"reason":"x"}""")).Problem(403);
        var begun = (await node.PostAsync("/v1/log/restart", """{"reason":"the disk was restored"}""")).Require(201).Json;
        Assert.Equal(old.Checkpoint.Origin + "-2", begun.Text("origin"));
        var restart = Assert.Single(begun.GetProperty("restarts").EnumerateArray());
        Assert.StartsWith(old.Checkpoint.Origin + "\n", restart.Text("last_checkpoint"));
        Assert.Equal(("admin", "the disk was restored"), (restart.Text("by"), restart.Text("reason")));
        Assert.Contains("position 2", restart.Text("verdict"));

        await RecordSealedAsync(node, "c-2");
        // The new log has other tiles under the same paths.
        Assert.Equal("no-store", (await node.GetAsync("/tile/0/000.p/1")).Require(200).Headers["Cache-Control"]);
        // What the old log sealed is not there any more, and nobody makes that well by beginning anew.
        Assert.Equal(IntegrityFaultKind.EarlierLog, Assert.Single((await VerifyAsync(node)).Integrity.Faults).Kind);
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("the disk was restored", (await browser.GetAsync("/integrity")).Text);
        var acts = (await node.GetAsync("/v1/events")).Json.GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("event")).Where(item => item.Text("event") == "operator.acted").ToList();
        var act = acts.Single(act => act.Text("act") == "log.restarted");
        Assert.Equal("admin", act.Text("token"));
        Assert.Equal("the disk was restored", act.GetProperty("detail").Text("reason"));
        Assert.Equal(restart.Text("last_checkpoint"), act.GetProperty("detail").Text("last_checkpoint"));
    }

    [Fact]
    public async Task a_key_is_not_kept_in_a_directory_that_is_missing()
    {
        var refused = await Assert.ThrowsAsync<NodeStartException>(
            () => TestNode.StartAsync(change: options => options with { LogKey = Path.Combine(options.Data, "none", "log.key") }));
        Assert.Contains("is missing", refused.Message);
    }

    private static Task<VerificationResult> VerifyAsync(TestNode node) => OwnVerification.RunAsync(node);

    private static async Task RecordSealedAsync(TestNode node, string call)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean());
    }

    private static async Task<string> HaltedAsync(TestNode node)
    {
        while (true)
        {
            // It takes records all the same, and says that nothing seals them.
            var answer = (await node.GetAsync("/health/ready")).Require(200);
            if (answer.Json.GetProperty("sealing").Text("status") == "halted")
            {
                (await node.GetAsync("/health/sealing")).Require(503);
                return answer.Json.GetProperty("sealing").Text("reason");
            }

            await Task.Delay(20);
        }
    }

    // In the middle: a node whose last row is another one takes nothing at all.
    private static void ChangeRow(TestNode node)
    {
        using var connection = new SqliteConnection($"Data Source={node.Options.Store["sqlite:".Length..]};Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(
            "DROP TRIGGER journal_no_update; UPDATE journal SET created = created + 1 WHERE ordering = 2",
            connection);
        command.ExecuteNonQuery();
    }
}
