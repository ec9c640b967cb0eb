using System.Security.Cryptography;
using System.Text;
using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Merkle;

/// <summary>A tree of 70,000 entries whose root and signature other programs have verified.</summary>
public sealed class GoldenTreeTests
{
    private const string Origin = "audit.example.com/log1";
    private const string Note =
        "audit.example.com/log1\n70000\nRFMQu/0LG+l4ySncbvkXETbDVtgo9NkqRTc+TYzN8XU=\n\n" +
        "\u2014 audit.example.com/log1 DxNRx4w3MucXYHTF0HDq97dCT82h1IdHqxSdssuTh96edK1HFrhtlh2NYNa0TQ38CltMXDaGiDPen70NkWPW8raOkQU=\n";

    private static readonly Ed25519Signer Signer = new(Origin, SHA256.HashData(Encoding.UTF8.GetBytes("test-seed")));

    [Fact]
    public async Task seventy_thousand_entries_have_the_golden_checkpoint()
    {
        var (tree, tiles) = Leaves.Grow(Enumerable.Range(0, 70_000).Select(Leaves.OfPrototype));
        var signed = await SignedCheckpoint.SignAsync(
            new Checkpoint(Origin, tree.Size, tree.Root()), Signer, CancellationToken.None);
        Assert.Equal(Note, signed.ToString());
        var proof = await new TreeReader(tiles, 70_000).InclusionAsync(12_345, CancellationToken.None);
        Assert.Equal(17, proof.Count);
    }

    [Fact]
    public async Task three_hundred_more_have_the_golden_root_and_nine_hashes_of_consistency()
    {
        var (tree, tiles) = Leaves.Grow(Enumerable.Range(0, 70_300).Select(Leaves.OfPrototype));
        Assert.Equal("ZXpgkblu2CfugyntoS0ynlMWnOnpgxmnkMYQrNMrEsQ=", Convert.ToBase64String(tree.Root()));
        var proof = await new TreeReader(tiles, 70_300).ConsistencyAsync(70_000, CancellationToken.None);
        Assert.Equal(9, proof.Count);
        var older = SignedCheckpoint.Parse(Note).Checkpoint;
        Assert.True(MerkleProof.IsConsistent(70_000, 70_300, proof, older.Root, tree.Root()));
    }

    [Fact]
    public void the_golden_note_verifies_under_the_golden_key()
    {
        var key = VerifierKey.Parse("audit.example.com/log1+0f1351c7+ATz5RpIFuo38z9YGw+72VQAWhSxh0eNZTiBYQz6EHJjJ");
        Assert.Equal(key, Signer.Key);
        Assert.True(SignedCheckpoint.Parse(Note).IsSignedBy(key));
    }
}
