using System.Security.Cryptography;
using System.Text;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Pages;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Nobody makes an edited book well: not by a new log, not by a lost memory, not by waiting, not by guessing.</summary>
public sealed class Point09LogTests
{
    [Trait("Point", "9")]
    [Fact]
    public async Task an_edited_row_is_not_made_intact_by_a_restart_of_the_log()
    {
        await using var node = await StartedWithAsync(3);
        await node.StopAsync();
        Change(node, "UPDATE journal SET created = created + 1 WHERE ordering = 2");
        await node.StartAgainAsync();
        (await node.PostAsync("/v1/log/restart", """{"reason":"nothing to see here"}""")).Require(201);
        await RecordSealedAsync(node, "c-9");

        var integrity = (await OwnVerification.RunAsync(node)).Integrity;
        Assert.Contains(integrity.Faults, fault => fault.Kind == IntegrityFaultKind.EarlierLog);
        Assert.Contains("position 2", Assert.Single(integrity.Restarts).Verdict);
        Assert.Equal("nothing to see here", Assert.Single((await node.GetAsync("/v1/log")).Json.GetProperty("restarts").EnumerateArray()).Text("reason"));
        using var browser = await PageBrowser.SignedInAsync(node, node.AdminToken);
        Assert.Contains("nothing to see here", (await browser.GetAsync("/integrity")).Text);
        var path = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(path, (await node.GetAsync("/v1/log/bundle")).Require(200).Bytes);
        var trust = new VerifyOptions { TrustedKey = await new LogClient(node).KeyAsync() };
        var ofBundle = await LogVerifier.VerifyBundleAsync(path, trust, null, CancellationToken.None);
        Assert.Contains(ofBundle.Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.EarlierLog);
    }

    [Trait("Point", "9")]
    [Fact]
    public async Task a_node_with_the_key_and_without_its_memory_signs_no_other_history()
    {
        await using var node = await StartedWithAsync(3);
        var signed = await new LogClient(node).CheckpointAsync();
        await node.StopAsync();
        File.Delete(node.Options.CheckpointFile);
        Change(node, "DELETE FROM journal WHERE ordering > 2");
        // Of this journal nobody remembers anything: what remembers more than it has would keep the node from taking.
        foreach (var beside in (string[])["-log.db", "-read.db", "-search.db"])
        {
            File.Delete(node.StoreFile.Replace(".db", beside));
        }

        await node.StartAgainAsync();
        await UntilAsync(node, "no_memory");
        (await node.RecordAsync(Records.Item("s-1", "c-8", Records.Completed()))).Require(201);
        (await node.GetAsync("/checkpoint")).Problem(404);
        var body = System.Text.Json.JsonSerializer.Serialize(new { checkpoint = signed.ToString() });
        Assert.Contains("no log", (await node.PostAsync("/v1/log/adopt", body)).Problem(409));
    }

    [Trait("Point", "9")]
    [Fact]
    public async Task an_edit_in_the_middle_is_found_by_the_node_that_runs_and_ends_where_it_is_put_back()
    {
        await using var node = await StartedWithAsync(3);
        Change(node, "UPDATE journal SET created = created + 1 WHERE ordering = 2");
        await UntilAsync(node, "halted");
        var health = (await node.GetAsync("/health/sealing")).Require(503).Json;
        Assert.Equal(("halted", 2L), (health.Text("status"), health.GetProperty("bad_position").GetInt64()));
        (await node.GetAsync("/health/ready")).Require(200);
        var receipt = (await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", "c-9", Records.Completed()))).Require(201).Json;
        Assert.Equal((false, "halted"), (receipt.GetProperty("sealed").GetBoolean(), receipt.Text("log")));

        Assert.Contains("position 2", (await node.PostAsync("/v1/log/resume", """{"reason":"why not"}""")).Problem(409));
        Change(node, "UPDATE journal SET created = created - 1 WHERE ordering = 2");
        (await node.PostAsync("/v1/log/resume", """{"reason":"the row was put back"}""")).Require(200);
        await RecordSealedAsync(node, "c-10");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
        Assert.Contains("log.resumed", (await node.GetAsync("/v1/events?limit=1000")).Text);
    }

    [Trait("Point", "9")]
    [Fact]
    public async Task what_is_not_sealed_in_time_is_a_failure_and_a_node_without_the_key_is_ready()
    {
        await using var node = await StartedWithAsync(3, options => options with { MaxUnsealed = TimeSpan.FromMilliseconds(1) });
        await node.StopAsync();
        File.Move(node.Options.LogKeyFile, node.Options.LogKeyFile + ".away");
        await node.StartAgainAsync();
        await UntilAsync(node, "elsewhere");
        Assert.Equal("elsewhere", (await node.GetAsync("/health/ready")).Require(200).Json.GetProperty("sealing").Text("status"));
        await Patience.UntilAsync(async () => (await node.GetAsync("/health/sealing")).Status == 503, "a row waits too long");
        Assert.Contains("audit_log_overdue 1\n", (await node.GetAsync("/metrics")).Text);
        var verdict = await OwnVerification.RunAsync(node, trust => trust with { MaxUnsealed = TimeSpan.FromMilliseconds(1) });
        Assert.Contains(verdict.Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.Unsealed);
    }

    [Trait("Point", "9")]
    [Fact]
    public async Task entries_of_a_public_log_give_no_stream_name_to_guesses()
    {
        await using var node = await StartedWithAsync(3, options => options with { PublicLog = true });
        var log = new LogClient(node);
        var entries = (await log.EntriesAsync((await log.CheckpointAsync()).Checkpoint.Size)).Select(Encoding.UTF8.GetString).ToList();
        var names = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray().Select(item => item.Text("stream")).Distinct().ToList();
        Assert.NotEmpty(names);
        foreach (var name in names)
        {
            var guess = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            Assert.All(entries, entry => Assert.DoesNotContain(guess, entry));
        }

        Assert.All(entries, entry => Assert.DoesNotContain("manifest", entry));
    }

    private static async Task<TestNode> StartedWithAsync(int calls, Func<NodeOptions, NodeOptions>? change = null)
    {
        var node = await TestNode.StartAsync(change: change);
        for (var call = 0; call < calls; call++)
        {
            await RecordSealedAsync(node, $"c-{call}");
        }

        await node.UntilReadAsync();
        return node;
    }

    private static async Task RecordSealedAsync(TestNode node, string call)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
    }

    private static Task UntilAsync(TestNode node, string status) => Patience.UntilAsync(
        async () => (await node.GetAsync("/health/ready")).Json.GetProperty("sealing").Text("status") == status, $"the log is {status}");

    private static void Change(TestNode node, string sql) => SqliteRows.Run(node, sql);
}
