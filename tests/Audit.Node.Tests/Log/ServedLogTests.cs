using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Log;

public sealed class ServedLogTests
{
    [Fact]
    public async Task what_a_node_serves_of_its_log_leads_from_every_row_to_the_signed_root()
    {
        await using var node = await StartedWithAsync(calls: 300);
        var log = new LogClient(node);
        var signed = await log.CheckpointAsync();
        Assert.True(signed.IsSignedBy(await log.KeyAsync()));
        Assert.True(signed.Checkpoint.Size > 300);

        var entries = await log.EntriesAsync(signed.Checkpoint.Size);
        Assert.Equal(signed.Checkpoint.Root, LogClient.RootOf(entries));
        Assert.Equal(Enumerable.Range(1, entries.Count).Select(position => (long)position), entries.Select(LogClient.PositionOf));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(301)]
    public async Task the_proof_of_a_row_proves_it_and_no_other(long position)
    {
        await using var node = await StartedWithAsync(calls: 300);
        var log = new LogClient(node);
        var key = await log.KeyAsync();
        var proof = ProofFile.Parse(await log.ProofAsync(position));
        var entries = await log.EntriesAsync(proof.Checkpoint.Checkpoint.Size);

        var index = (int)position - 1;
        Assert.Equal(index, proof.Index);
        Assert.True(proof.Proves(entries[index], key));
        Assert.False(proof.Proves(entries[index == 0 ? 1 : index - 1], key));
    }

    [Fact]
    public async Task tiles_may_be_kept_for_ever_and_the_checkpoint_may_not()
    {
        await using var node = await StartedWithAsync(calls: 300, isPublic: true);
        var checkpoint = await node.GetAsync("/checkpoint");
        Assert.Equal(("no-cache", "text/plain; charset=utf-8"), (checkpoint.Headers["Cache-Control"], checkpoint.Headers["Content-Type"]));
        foreach (var path in new[] { "/tile/0/000", "/tile/entries/000", "/tile/0/001.p/9", "/tile/1/000.p/1" })
        {
            var tile = (await node.GetAsync(path)).Require(200);
            Assert.Contains("immutable", tile.Headers["Cache-Control"]);
            Assert.Equal("application/octet-stream", tile.Type);
        }
    }

    [Theory]
    [InlineData("/tile/0/001")]
    [InlineData("/tile/0/0")]
    [InlineData("/tile/0/x001/000")]
    [InlineData("/tile/0/000.p/0")]
    [InlineData("/tile/0/000.p/256")]
    [InlineData("/tile/entries/")]
    [InlineData("/tile/nonsense")]
    [InlineData("/tile/9/000")]
    public async Task what_the_log_does_not_have_is_a_problem_document(string path)
    {
        await using var node = await StartedWithAsync(calls: 1);
        Assert.Contains("has no tile", (await node.GetAsync(path)).Problem(404));
    }

    [Fact]
    public async Task a_proof_of_no_row_is_a_problem_document()
    {
        await using var node = await StartedWithAsync(calls: 1);
        Assert.Equal("There is no row at position 99 that this token may see.", (await node.GetAsync("/v1/proofs/99")).Problem(404));
        Assert.Contains("position", (await node.GetAsync("/v1/proofs/first")).Problem(400));
    }

    [Theory]
    [InlineData("/checkpoint")]
    [InlineData("/tile/0/000.p/1")]
    [InlineData("/tile/entries/000.p/1")]
    public async Task the_log_is_for_readers_unless_it_is_public(string path)
    {
        await using (var node = await StartedWithAsync(calls: 1))
        {
            using var nobody = node.ClientWith(null);
            using var sender = await node.ClientAsync("ci-7", "ingest");
            using var reader = await node.ClientAsync("eve", "read");
            (await nobody.GetAnswerAsync(path)).Problem(401);
            (await sender.GetAnswerAsync(path)).Problem(403);
            (await reader.GetAnswerAsync(path)).Require(200);
        }

        await using (var node = await StartedWithAsync(calls: 1, isPublic: true))
        {
            using var nobody = node.ClientWith(null);
            (await nobody.GetAnswerAsync(path)).Require(200);
            (await nobody.GetAnswerAsync("/v1/log")).Problem(401);
            (await nobody.GetAnswerAsync("/v1/proofs/1")).Problem(401);
            (await nobody.GetAnswerAsync("/v1/log/bundle")).Problem(401);
        }
    }

    [Fact]
    public async Task a_node_gives_its_whole_log_as_a_bundle_that_verifies()
    {
        await using var node = await StartedWithAsync(calls: 300);
        var bundle = (await node.GetAsync("/v1/log/bundle")).Require(200);
        Assert.Equal("application/zip", bundle.Type);
        var path = Path.Combine(node.Data, "bundle.zip");
        await File.WriteAllBytesAsync(path, bundle.Bytes);

        var trust = new VerifyOptions { TrustedKey = await new LogClient(node).KeyAsync() };
        var verdict = await LogVerifier.VerifyBundleAsync(path, trust, null, CancellationToken.None);
        Assert.Empty(verdict.Integrity.Faults);
        Assert.True(verdict.Integrity.Size > 300);
    }

    [Fact]
    public async Task stats_and_metrics_tell_how_far_the_log_is()
    {
        await using var node = await StartedWithAsync(calls: 3);
        var log = (await node.GetAsync("/v1/stats")).Json.GetProperty("log");
        Assert.Equal("example.com/log", log.Text("origin"));
        Assert.Equal("sealing", log.GetProperty("sealing").Text("state"));
        Assert.Equal(5, log.GetProperty("position").GetInt64());
        Assert.Contains("audit_log_position 5\n", (await node.GetAsync("/metrics")).Text);
    }

    private static async Task<TestNode> StartedWithAsync(int calls, bool isPublic = false)
    {
        var node = await TestNode.StartAsync(
            change: options => options with { LogOrigin = "example.com/log", PublicLog = isPublic });
        var items = Enumerable.Range(0, calls).Select(call => Records.Item("s-1", $"c-{call}", Records.Completed()));
        var answer = await node.PostAsync("/v1/records?wait=sealed", Records.Lines(items), "application/x-ndjson");
        Assert.All(answer.Require(200).Lines, receipt => Assert.True(receipt.GetProperty("sealed").GetBoolean()));
        return node;
    }
}
