namespace Audit.Integrity.Tests.Merkle;

public sealed class TreeHashTests
{
    [Fact]
    public void the_leaf_hash_of_hello_is_the_published_one() =>
        Assert.Equal("iipcm3aIJ95alVLDigRMZpWcaPbS8htSYK9U0vh9uCc=", Convert.ToBase64String(TreeHash.Leaf("hello"u8)));

    [Fact]
    public void the_empty_tree_has_the_hash_of_nothing() =>
        Assert.Equal(
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Convert.ToHexStringLower(TreeHash.Empty));

    [Fact]
    public void a_node_is_never_the_hash_of_a_leaf_with_the_same_bytes()
    {
        var (left, right) = (TreeHash.Leaf("l"u8), TreeHash.Leaf("r"u8));
        Assert.NotEqual(TreeHash.Leaf([.. left, .. right]), TreeHash.Node(left, right));
    }
}
