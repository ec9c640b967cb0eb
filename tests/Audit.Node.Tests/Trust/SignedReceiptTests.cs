using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Audit.Client.Wire;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>Who asks for it holds one signature over all receipts of an answer.</summary>
public sealed class SignedReceiptTests
{
    [Fact]
    public async Task one_signature_over_the_receipts_of_an_answer_is_by_a_key_that_the_log_has()
    {
        await using var node = await TestNode.StartAsync();
        var blocked = Records.Item("s-1", "c-1", Records.Blocked());
        string[] items = [blocked, blocked, Records.Item("s-1", "c-2", Records.Completed()), "{}"];
        var single = (await PostAsync(node, items[2])).Require(201);
        var array = (await PostAsync(node, $"[{string.Join(',', items)}]")).Require(200);
        var lines = (await PostAsync(node, Records.Lines(items), "application/x-ndjson")).Require(200).Lines;
        var signed = lines[^1];
        Assert.Equal("signed", signed.Text("status"));
        var key = await new LogClient(node).KeyAsync();
        (IReadOnlyList<JsonElement> Receipts, string Note, JsonElement Certificate)[] answers =
        [
            ([single.Json], Header(single, "Audit-Signature"), Certificate(single)),
            ([.. array.Json.EnumerateArray()], Header(array, "Audit-Signature"), Certificate(array)),
            ([.. lines.SkipLast(1)], signed.Text("note"), signed.GetProperty("certificate")),
        ];
        foreach (var (receipts, note, certificate) in answers)
        {
            // As docs/trust.md tells somebody who has no program of ours.
            var leaves = receipts.Where(receipt => receipt.TryGetProperty("position", out _)).Select(receipt => Encoding.UTF8.GetBytes(
                $"{receipt.GetProperty("position")} {receipt.GetProperty("sequence")} "
                + $"{(receipt.TryGetProperty("sha256", out var hash) ? hash.GetString() : "-")} {receipt.Text("status")}\n")).ToList();
            var body = SignedNote.Parse(note).Body.Split('\n');
            Assert.Equal("audit receipts v1", body[0]);
            Assert.Equal((key.Name, $"{leaves.Count}", Convert.ToBase64String(LogClient.RootOf(leaves))), (body[1], body[2], body[3]));
            Assert.True(SignedNote.Parse(note).IsSignedBy(Read(certificate).Require(checkpoint => checkpoint.IsSignedBy(key))));
        }

        // The row that makes the key one is in the book, once, also over a restart.
        await node.RestartAsync();
        var again = (await PostAsync(node, Records.Item("s-1", "c-9", Records.Completed()))).Require(201);
        Assert.Equal(Certificate(single).GetProperty("row").GetProperty("position").GetInt64(), Certificate(again).GetProperty("row").GetProperty("position").GetInt64());
    }

    [Fact]
    public async Task another_key_and_a_row_that_says_something_else_certify_nothing()
    {
        await using var node = await TestNode.StartAsync();
        var answer = (await PostAsync(node, Records.Item("s-1", "c-1", Records.Completed()))).Require(201);
        var (key, row) = (await new LogClient(node).KeyAsync(), Read(Certificate(answer)));
        bool IsSigned(SignedCheckpoint checkpoint) => checkpoint.IsSignedBy(key);
        row.Require(IsSigned);
        var forged = Encoding.UTF8.GetString(row.Message).Replace("\"key\":\"receipts", "\"key\":\"deceipts");
        Assert.Throws<NoteFormatException>(() => (row with { Message = Encoding.UTF8.GetBytes(forged) }).Require(IsSigned));
        Assert.Throws<NoteFormatException>(() => (row with { Stream = "operator|people" }).Require(IsSigned));
        Assert.Throws<NoteFormatException>(() => row.Require(checkpoint => checkpoint.IsSignedBy(Ed25519Signer.Generate(key.Name).Key)));
        // Any other row of the log, whoever wrote it, is none that certifies a key.
        var position = answer.Json.GetProperty("position").GetInt64();
        await Patience.UntilAsync(async () => (await node.GetAsync($"/v1/proofs/{position}/row")).Status == 200, "it is sealed");
        var other = (await node.GetAsync($"/v1/proofs/{position}/row")).Json;
        var refused = Assert.Throws<NoteFormatException>(() => ReadRow(other).Require(IsSigned));
        Assert.Contains("certifies no key", refused.Message);
    }

    [Fact]
    public async Task where_the_log_is_not_sealed_nothing_is_taken_under_a_signature_and_all_without()
    {
        await using var node = await TestNode.StartAsync(sealedPatience: TimeSpan.FromMilliseconds(300));
        await Patience.UntilAsync(async () => (await node.GetAsync("/v1/log")).Status == 200, "there is a log");
        await node.StopAsync();
        File.Move(node.Options.LogKeyFile, node.Options.LogKeyFile + ".away");
        await node.StartAgainAsync();
        var item = Records.Item("s-1", "c-1", Records.Completed());
        Assert.Contains("nothing was taken", (await PostAsync(node, item)).Problem(503));
        Assert.Equal("recorded", (await node.RecordAsync(item)).Require(201).Json.Text("status"));
        Assert.Contains("accepted is 1", (await PostAsync(node, item, sign: "yes")).Problem(400));
        var minimal = await node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(item + "\n"), "application/x-ndjson", change: request =>
            {
                request.Headers.Add("Audit-Sign", "1");
                request.Headers.Add("Prefer", "return=minimal");
            });
        Assert.Contains("left out", minimal.Problem(400));
    }

    [Fact]
    public async Task hashes_that_proofs_share_are_given_once_and_each_answer_has_its_own_checkpoint()
    {
        await using var node = await TestNode.StartAsync();
        var items = Enumerable.Range(1, 300).Select(number => Records.Item("s-1", $"c-{number}", Records.Completed())).ToList();
        var receipts = (await node.PostAsync("/v1/records?wait=sealed", $"[{string.Join(',', items)}]")).Require(200).Json.EnumerateArray().ToList();
        var (key, given, count) = (await new LogClient(node).KeyAsync(), new List<byte[]>(), 0);
        SignedCheckpoint? under = null;
        foreach (var receipt in receipts)
        {
            var proof = receipt.GetProperty("proof");
            under = proof.TryGetProperty("checkpoint", out var note) ? SignedCheckpoint.Parse(note.GetString()!) : under;
            var hashes = new List<byte[]>();
            foreach (var hash in proof.GetProperty("hashes").EnumerateArray())
            {
                count++;
                if (hash.ValueKind == JsonValueKind.String)
                {
                    given.Add(hash.GetBytesFromBase64());
                }

                hashes.Add(hash.ValueKind == JsonValueKind.String ? given[^1] : given[hash.GetInt32()]);
            }

            var entry = Encoding.UTF8.GetBytes(proof.Text("entry"));
            Assert.True(new ProofFile(proof.GetProperty("index").GetInt64(), hashes, under!).Proves(entry, key));
            Assert.Equal(receipt.Text("sha256"), JsonDocument.Parse(entry).RootElement.Text("sha256"));
        }

        Assert.Equal(given.Count, given.Select(Convert.ToBase64String).Distinct().Count());
        Assert.True(given.Count * 3 < count, $"{given.Count} of {count}");

        // Nothing is left of an answer in the next one, also where nothing was sealed between them.
        for (var again = 0; again < 8; again++)
        {
            var one = (await node.PostAsync("/v1/records?wait=sealed", items[0])).Require(200).Json.GetProperty("proof");
            Assert.True(one.TryGetProperty("checkpoint", out _));
            Assert.All(one.GetProperty("hashes").EnumerateArray(), hash => Assert.Equal(JsonValueKind.String, hash.ValueKind));
        }
    }

    private static Task<Answer> PostAsync(TestNode node, string body, string type = "application/json", string sign = "1") =>
        node.Http.AnswerAsync(
            HttpMethod.Post, "/v1/records", Encoding.UTF8.GetBytes(body), type, change: request => request.Headers.Add("Audit-Sign", sign));

    private static string Header(Answer answer, string name) => Encoding.UTF8.GetString(Convert.FromBase64String(answer.Headers[name]));

    private static JsonElement Certificate(Answer answer) => JsonDocument.Parse(Header(answer, "Audit-Certificate")).RootElement;

    private static CertifiedKey Read(JsonElement certificate) => ReadRow(certificate.GetProperty("row"));

    private static CertifiedKey ReadRow(JsonElement json)
    {
        var row = json.Deserialize(WireJson.Default.StoredRowAnswer)!;
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(row.MessageBase64)), row.Entry);
        return new CertifiedKey(
            row.Position, row.Stream, row.Sequence, long.Parse(row.CreatedTicks), row.Manifest, row.MessageBase64, row.Salt, row.Proof);
    }
}
