using System.Security.Cryptography;
using System.Text.Json;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>A receipt holds the node to what it acknowledged.</summary>
public sealed class KeptReceiptTests
{
    private const string Sealed = "/v1/records?wait=sealed";

    [Fact]
    public async Task a_receipt_carries_the_hash_of_the_message_as_stored_and_a_sealed_one_its_proof()
    {
        await using var node = await TestNode.StartAsync();
        var log = new LogClient(node);
        var plain = (await node.RecordAsync(Records.Item("s-1", "c-0", Records.Completed()))).Require(201).Json;
        Assert.Equal(HashAt(node, plain), plain.Text("sha256"));
        Assert.False(plain.TryGetProperty("proof", out _));

        var items = Enumerable.Range(1, 20).Select(number => Records.Item("s-1", $"c-{number}", Records.Completed()));
        var array = (await node.PostAsync(Sealed, $"[{string.Join(',', items)}]")).Require(200).Json.EnumerateArray().ToList();
        // One checkpoint for all of them, which stands with the first.
        Assert.True(array[0].GetProperty("proof").TryGetProperty("checkpoint", out var note));
        Assert.All(array.Skip(1), receipt => Assert.False(receipt.GetProperty("proof").TryGetProperty("checkpoint", out _)));
        var checkpoint = SignedCheckpoint.Parse(note.GetString()!);
        var key = await log.KeyAsync();
        var entries = await log.EntriesAsync(checkpoint.Checkpoint.Size);
        var given = new List<byte[]>();
        foreach (var receipt in array)
        {
            Assert.Equal(HashAt(node, receipt), receipt.Text("sha256"));
            var proof = receipt.GetProperty("proof");
            var index = proof.GetProperty("index").GetInt64();
            var file = new ProofFile(index, [.. proof.GetProperty("hashes").EnumerateArray().Select(hash => HashOf(hash, given))], checkpoint);
            Assert.True(file.Proves(entries[(int)index], key));
            Assert.Equal(receipt.GetProperty("position").GetInt64(), LogClient.PositionOf(entries[(int)index]));
        }

        var lines = (await node.PostAsync(Sealed, Records.Lines(Records.Item("s-1", "c-30", Records.Completed())), "application/x-ndjson")).Require(200).Lines;
        Assert.True(lines[0].GetProperty("proof").TryGetProperty("checkpoint", out _));
    }

    [Fact]
    public async Task a_halted_log_is_in_every_receipt_and_nobody_waits_for_it()
    {
        await using var node = await TestNode.StartAsync(sealedPatience: TimeSpan.FromMinutes(5));
        for (var call = 0; call < 3; call++)
        {
            (await node.PostAsync(Sealed, Records.Item("s-1", $"c-{call}", Records.Completed()))).Require(201);
        }

        // A reader that stands at the row that is changed would take the journal for another one.
        await node.UntilReadAsync();
        SqliteRows.Run(node, "UPDATE journal SET created = created + 1 WHERE ordering = 2");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/ready")).Json.GetProperty("sealing").Text("status") == "halted", "the log is halted");
        Assert.Equal("halted", (await node.RecordAsync(Records.Item("s-1", "c-8", Records.Completed()))).Require(201).Json.Text("log"));
        Assert.Equal("halted", (await node.PostAsync(Sealed, Records.Item("s-1", "c-9", Records.Completed()))).Require(201).Json.Text("log"));
    }

    [Fact]
    public async Task what_was_acknowledged_and_changed_or_lost_before_its_seal_is_named()
    {
        await using var node = await TestNode.StartAsync();
        var first = (await node.PostAsync(Sealed, Records.Item("s-1", "c-1", Records.Completed()))).Require(201).Json;
        await node.StopAsync();
        // Without the key nothing is sealed: what is changed then is found by the receipt alone.
        File.Move(node.Options.LogKeyFile, node.Options.LogKeyFile + ".moved");
        await node.StartAgainAsync();
        var changed = (await node.RecordAsync(Records.Item("s-1", "c-2", Records.Completed()))).Require(201).Json;
        var kept = (await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed()))).Require(201).Json;
        var lost = new KeptReceipt(4, 1_000, 1, new string('0', 64), IsSealed: false, Checkpoint: null);
        var at = changed.GetProperty("position").GetInt64();
        SqliteRows.Run(node, $"""UPDATE journal SET message = CAST(replace(CAST(message AS TEXT), '"turn":1', '"turn":2') AS BLOB) WHERE ordering = {at}""");
        File.Move(node.Options.LogKeyFile + ".moved", node.Options.LogKeyFile);
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/log")).Json.GetProperty("position").GetInt64() >= kept.GetProperty("position").GetInt64(), "all is sealed");

        var verdict = await OwnVerification.RunAsync(node, trust => trust with
        {
            AcceptedUnproven = 1,
            Receipts = [Kept(1, first), Kept(2, changed), Kept(3, kept), lost],
        });
        Assert.Equal([(IntegrityFaultKind.ReceiptBroken, at), (IntegrityFaultKind.ReceiptBroken, 1_000L)], verdict.Integrity.Faults.Select(fault => (fault.Kind, fault.Position!.Value)));
        Assert.Contains("line 2", verdict.Integrity.Faults[0].Sentence);
        Assert.Contains("the row is not there", verdict.Integrity.Faults[1].Sentence);
    }

    [Fact]
    public async Task who_waits_for_the_log_often_keeps_nobody_else_from_it()
    {
        await using var node = await TestNode.StartAsync(
            change: options => options with { Quotas = options.Quotas with { Waits = 2 } }, sealedPatience: TimeSpan.FromSeconds(20));
        (await node.PostAsync(Sealed, Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        using var resting = await RawClient.ConnectAsync(node.Url);
        await resting.SendAsync(
            $"POST {Sealed} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {node.AdminToken}\r\n"
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n");
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/v1/stats")).Json.GetProperty("streams_open").GetInt64() == 1, "the stream is open");
        await Patience.UntilAsync(
            async () => (await node.PostAsync(Sealed, Records.Item("s-1", "c-2", Records.Completed()))).Status == 429, "the share is used");
        (await node.RecordAsync(Records.Item("s-1", "c-3", Records.Completed()))).Require(201);
    }

    // What was given before under the checkpoint is named by its number.
    private static byte[] HashOf(JsonElement hash, List<byte[]> given)
    {
        if (hash.ValueKind == JsonValueKind.String)
        {
            given.Add(hash.GetBytesFromBase64());
        }

        return hash.ValueKind == JsonValueKind.String ? given[^1] : given[hash.GetInt32()];
    }

    private static KeptReceipt Kept(long line, JsonElement receipt) => new(
        line, receipt.GetProperty("position").GetInt64(), receipt.GetProperty("sequence").GetInt64(), receipt.Text("sha256"),
        receipt.TryGetProperty("sealed", out var isSealed) && isSealed.GetBoolean(),
        receipt.TryGetProperty("proof", out var proof) ? SignedCheckpoint.Parse(proof.Text("checkpoint")!) : null);

    private static string HashAt(TestNode node, JsonElement receipt) => Convert.ToHexStringLower(SHA256.HashData(
        SqliteRows.Message(node, receipt.GetProperty("position").GetInt64())));
}
