using System.Text.Json;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Audit.Node.Tests.Trust;

/// <summary>A key of the log takes the place of another in the open, and no other key does.</summary>
public sealed class LogKeyTests
{
    private const string Rotate = "/v1/log/rotate-key";

    [Fact]
    public async Task a_new_key_is_signed_by_the_old_one_and_both_sign_and_the_log_goes_on()
    {
        await using var node = await TestNode.StartAsync();
        var log = new LogClient(node);
        await SealAsync(node, "c-1");
        var (old, before) = (await log.KeyAsync(), await log.CheckpointAsync());
        (await node.PostAsync(Rotate, "{}")).Problem(422);
        var answer = (await node.PostAsync(Rotate, """{"reason":"a year has passed"}""")).Require(200).Json;
        var next = VerifierKey.Parse(answer.Text("key"));
        Assert.NotEqual(old, next);
        Assert.Equal(old.Name, next.Name);
        await SealAsync(node, "c-2");
        var after = await log.CheckpointAsync();
        Assert.True(after.IsSignedBy(next) && after.IsSignedBy(old), after.ToString());

        // Who knows either key, and what was signed before, finds all in order; that nobody witnessed it is said.
        foreach (var key in (VerifierKey[])[old, next])
        {
            var verdict = (await OwnVerification.RunAsync(node, trust => trust with { TrustedKey = key, Since = before })).Integrity;
            Assert.Empty(verdict.Faults);
            var rotation = Assert.Single(verdict.Rotations);
            Assert.Equal((old.ToString(), next.ToString(), false, true), (rotation.OldKey, rotation.NewKey, rotation.IsWitnessed, rotation.OldKeySigns));
            Assert.Equal("a year has passed", rotation.Reason);
        }

        var shown = Assert.Single((await log.LogAsync()).GetProperty("new_keys").EnumerateArray());
        Assert.False(shown.GetProperty("proven").GetBoolean());
        var act = (await node.GetAsync("/v1/events?limit=1000")).Json.GetProperty("items").EnumerateArray()
            .Single(item => item.GetProperty("event").TryGetProperty("act", out var name) && name.GetString() == "log.key_rotated").GetProperty("event");
        Assert.Equal(next.ToString(), act.GetProperty("facts").Text("key"));

        // Once more, and over a restart.
        await node.RestartAsync();
        var third = VerifierKey.Parse((await node.PostAsync(Rotate, """{"reason":"again"}""")).Require(200).Json.Text("key"));
        await SealAsync(node, "c-3");
        Assert.Equal(third, await log.KeyAsync());
        var last = (await OwnVerification.RunAsync(node, trust => trust with { TrustedKey = old, Since = before })).Integrity;
        Assert.Empty(last.Faults);
        Assert.Equal(2, last.Rotations.Count);
        var bundle = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(bundle, (await node.GetAsync("/v1/log/bundle")).Require(200).Bytes);
        Assert.Empty((await LogVerifier.VerifyBundleAsync(bundle, new VerifyOptions { TrustedKey = old }, null, default)).Integrity.Faults);
    }

    [Fact]
    public async Task a_key_that_the_old_one_did_not_sign_is_refused_whoever_puts_it_there()
    {
        await using var node = await TestNode.StartAsync();
        var log = new LogClient(node);
        await SealAsync(node, "c-1");
        var key = await log.KeyAsync();
        await node.StopAsync();
        var thief = Ed25519Signer.Generate(key.Name);

        // A thief with the data directory puts a key of his own there.
        File.Move(node.Options.LogKeyFile, node.Options.LogKeyFile + ".kept");
        OwnerOnly.Replace(node.Options.LogKeyFile, System.Text.Encoding.UTF8.GetBytes(thief.ToSecretText() + "\n"));
        await node.StartAgainAsync();
        await Patience.UntilAsync(async () => (await SealingAsync(node)).Text("state") == "elsewhere", "it does not sign");
        Assert.Contains("nothing introduced it", (await SealingAsync(node)).Text("reason"));
        (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Require(201);
        await node.StopAsync();

        // And with the log's database he lets it say that the log has it.
        var size = 0L;
        var rotation = new KeyRotation(key.Name, 1, key, thief.Key, size, DateTimeOffset.UtcNow, "mine", "nobody");
        var forged = await rotation.SignAsync(thief, thief, CancellationToken.None);
        ChangeLog(node, $"UPDATE log SET keys = '{JsonSerializer.Serialize(new[] { forged.ToString() }).Replace("'", "''")}'");
        var faults = (await OwnVerification.RunAsync(node, trust => trust with { KeyFile = null })).Integrity.Faults;
        Assert.Contains(faults, fault => fault.Kind == IntegrityFaultKind.NotSigned && fault.Sentence.Contains("was not introduced by the log's key"));
        ChangeLog(node, "UPDATE log SET keys = NULL");
        File.Move(node.Options.LogKeyFile + ".kept", node.Options.LogKeyFile, overwrite: true);
        await node.StartAgainAsync();
        await SealAsync(node, "c-3");
        Assert.Empty((await OwnVerification.RunAsync(node)).Integrity.Faults);
    }

    [Fact]
    public async Task a_rotation_that_no_row_tells_of_or_that_the_log_hides_is_found()
    {
        await using var node = await TestNode.StartAsync();
        var log = new LogClient(node);
        await SealAsync(node, "c-1");
        var old = await log.KeyAsync();
        (await node.PostAsync(Rotate, """{"reason":"why"}""")).Require(200);
        await SealAsync(node, "c-2");
        await node.StopAsync();
        ChangeLog(node, "UPDATE log SET keys = NULL");
        var hidden = (await OwnVerification.RunAsync(node, trust => trust with { TrustedKey = old })).Integrity;
        Assert.Contains(hidden.Faults, fault => fault.Sentence.Contains("and the log hides it"));

        // The thief of the old key alone signs one of his own: no node wrote a row that says so.
        var signer = new KeyFile(node.Options.LogKeyFile).Find(old)!;
        var thief = Ed25519Signer.Generate(old.Name);
        var note = await new KeyRotation(old.Name, 1, old, thief.Key, 0, DateTimeOffset.UtcNow, "r", "b").SignAsync(signer, thief, default);
        ChangeLog(node, $"UPDATE log SET keys = '{JsonSerializer.Serialize(new[] { note.ToString() }).Replace("'", "''")}'");
        var forged = (await OwnVerification.RunAsync(node, trust => trust with { TrustedKey = old })).Integrity;
        Assert.Contains(forged.Faults, fault => fault.Sentence.Contains("no row of the journal says so"));
    }

    private static async Task<JsonElement> SealingAsync(TestNode node) =>
        (await node.GetAsync("/v1/stats")).Require(200).Json.GetProperty("log").GetProperty("sealing");

    private static void ChangeLog(TestNode node, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={node.StoreFile.Replace(".db", "-log.db")};Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(sql, connection);
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private static async Task SealAsync(TestNode node, string call)
    {
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()));
        Assert.True(answer.Require(201).Json.GetProperty("sealed").GetBoolean(), answer.Text);
    }
}
