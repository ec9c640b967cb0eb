namespace Audit.Lifecycle.Tests.Calls;

public sealed class CallTreeTests
{
    [Theory]
    [InlineData("a b c", "a b c")]
    [InlineData("a b<a c b2<a", "a .b .b2 c")]
    [InlineData("a c<b b<a d", "a .b ..c d")]
    [InlineData("child<parent other parent", "other parent .child")]
    [InlineData("orphan<nobody other", "orphan other")]
    [InlineData("self<self other", "self other")]
    [InlineData("one<two two<one other", "other one .two")]
    [InlineData("a<c b<a c<b d<b", "a .b ..c ..d")]
    [InlineData("twice twice child<twice", "twice .child")]
    public void every_call_stands_once_behind_its_parent(string calls, string tree)
    {
        var told = calls.Split(' ').Select(call => call.Split('<')).ToList();

        var branches = CallTree.Of(told, call => call[0], call => call.Length > 1 ? call[1] : null);

        Assert.Equal(tree, string.Join(' ', branches.Select(branch => new string('.', branch.Depth) + branch.Call[0])));
    }

    [Fact]
    public void a_chain_of_any_length_is_no_matter()
    {
        var calls = Enumerable.Range(0, 50_000).ToList();

        var branches = CallTree.Of(calls, call => $"{call}", call => $"{call + 1}");

        Assert.Equal(calls.AsEnumerable().Reverse(), branches.Select(branch => branch.Call));
        Assert.Equal(49_999, branches[^1].Depth);
    }
}
