using System.Text;
using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Notes;

public sealed class ProofFileTests
{
    private static readonly Ed25519Signer Signer = new("example.com/log", new byte[32]);

    [Fact]
    public async Task a_proof_file_proves_its_entry_and_no_other()
    {
        var proof = await MakeAsync(3, 10);
        var read = ProofFile.Parse(proof.ToString());
        Assert.Equal(proof.ToString(), read.ToString());
        Assert.True(read.Proves("leaf 3"u8, Signer.Key));
        Assert.False(read.Proves("leaf 4"u8, Signer.Key));
        Assert.False((read with { Index = 4 }).Proves("leaf 3"u8, Signer.Key));
        Assert.False(read.Proves("leaf 3"u8, new Ed25519Signer("example.com/log", [.. Enumerable.Repeat((byte)1, 32)]).Key));
    }

    [Fact]
    public async Task extra_data_is_kept()
    {
        var proof = (await MakeAsync(0, 1)) with { Extra = Encoding.UTF8.GetBytes("more") };
        Assert.StartsWith("c2sp.org/tlog-proof@v1\nextra bW9yZQ==\nindex 0\n\nexample.com/log\n1\n", proof.ToString(), StringComparison.Ordinal);
        Assert.Equal(proof.Extra, ProofFile.Parse(proof.ToString()).Extra);
    }

    [Fact]
    public async Task what_is_not_in_the_format_is_no_proof()
    {
        var text = (await MakeAsync(3, 10)).ToString();
        string[] wrong =
        [
            text.Replace("@v1", "@v2"),
            text.Replace("index 3", "index 03"),
            text.Replace("index 3", "index -3"),
            text.Replace("index 3\n", ""),
            text.Replace("index 3\n", "index 3\nAAAA\n"),
            text.Replace("\n\n", "\n"),
            "",
        ];
        Assert.All(wrong, spoilt => Assert.Throws<NoteFormatException>(() => ProofFile.Parse(spoilt)));
    }

    private static async Task<ProofFile> MakeAsync(int index, int size)
    {
        var (tree, tiles) = Leaves.Grow(Leaves.Of(size));
        var signed = await SignedCheckpoint.SignAsync(
            new Checkpoint("example.com/log", size, tree.Root()), Signer, CancellationToken.None);
        return new ProofFile(index, await new TreeReader(tiles, size).InclusionAsync(index, CancellationToken.None), signed);
    }
}
