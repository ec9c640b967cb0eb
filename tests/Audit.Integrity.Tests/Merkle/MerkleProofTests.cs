using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Merkle;

public sealed class MerkleProofTests
{
    private const int Largest = 600;

    private static readonly byte[][] All = Leaves.Of(Largest);
    private static readonly byte[][] Roots = [.. Enumerable.Range(0, Largest + 1).Select(new PlainTree(All).Root)];

    private readonly PlainTree plain = new(All);

    [Fact]
    public void the_growing_tree_has_the_plain_root_at_every_size()
    {
        var tree = new GrowingTree();
        Assert.Equal(Roots[0], tree.Root());
        for (var size = 1; size <= Largest; size++)
        {
            tree.Append(All[size - 1], null);
            Assert.Equal(Roots[size], tree.Root());
        }
    }

    [Fact]
    public async Task every_leaf_of_every_size_has_the_plain_inclusion_proof_and_it_is_accepted()
    {
        for (var size = 1; size <= Largest; size++)
        {
            var (_, tiles) = Leaves.Grow(All.Take(size));
            var reader = new TreeReader(tiles, size);
            foreach (var index in Sample(size))
            {
                var proof = await reader.InclusionAsync(index, CancellationToken.None);
                Assert.Equal(plain.Path(index, size), proof);
                Assert.True(MerkleProof.IsIncluded(index, size, All[index], proof, Roots[size]));
                Assert.False(MerkleProof.IsIncluded(index, size, All[(index + 1) % Largest], proof, Roots[size]));
                Assert.False(MerkleProof.IsIncluded(index, size + 1, All[index], [.. proof, Roots[size]], Roots[size]));
            }
        }
    }

    [Fact]
    public async Task every_pair_of_sizes_has_the_plain_consistency_proof_and_it_is_accepted()
    {
        var (_, tiles) = Leaves.Grow(All);
        for (var later = 0; later <= Largest; later++)
        {
            var reader = new TreeReader(tiles, later);
            foreach (var older in Sample(later + 1))
            {
                var proof = await reader.ConsistencyAsync(older, CancellationToken.None);
                Assert.Equal(plain.Proof(older, later), proof);
                Assert.True(MerkleProof.IsConsistent(older, later, proof, Roots[older], Roots[later]));
                if (older != later)
                {
                    Assert.False(MerkleProof.IsConsistent(older, later, proof, Roots[(older + 1) % Largest], Roots[later]));
                }
            }
        }
    }

    [Fact]
    public async Task a_proof_with_one_hash_changed_missing_or_added_is_refused()
    {
        const int Size = 333, Index = 100, Older = 77;
        var (_, tiles) = Leaves.Grow(All.Take(Size));
        var reader = new TreeReader(tiles, Size);
        var inclusion = await reader.InclusionAsync(Index, CancellationToken.None);
        var consistency = await reader.ConsistencyAsync(Older, CancellationToken.None);
        foreach (var wrong in Spoil(inclusion))
        {
            Assert.False(MerkleProof.IsIncluded(Index, Size, All[Index], wrong, Roots[Size]));
        }

        foreach (var wrong in Spoil(consistency))
        {
            Assert.False(MerkleProof.IsConsistent(Older, Size, wrong, Roots[Older], Roots[Size]));
        }
    }

    [Fact]
    public void an_index_outside_the_tree_and_an_older_tree_that_is_larger_are_refused()
    {
        Assert.False(MerkleProof.IsIncluded(5, 5, All[5], [], Roots[5]));
        Assert.False(MerkleProof.IsIncluded(-1, 5, All[0], [], Roots[5]));
        Assert.False(MerkleProof.IsConsistent(6, 5, [], Roots[6], Roots[5]));
    }

    // Every index of small trees, and of larger ones those where proofs change their shape.
    private static IEnumerable<int> Sample(int count) =>
        Enumerable.Range(0, count).Where(i => count <= 70 || i < 2 || i > count - 3 || (i & (i - 1)) == 0 || i % 97 == 0);

    private static IEnumerable<List<byte[]>> Spoil(List<byte[]> proof)
    {
        for (var i = 0; i < proof.Count; i++)
        {
            yield return [.. proof.Take(i), All[0], .. proof.Skip(i + 1)];
            yield return [.. proof.Take(i), .. proof.Skip(i + 1)];
        }
        yield return [.. proof, All[1]];
    }
}
