using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Intake;

public sealed class ArrayTests : IAsyncLifetime
{
    private static readonly string Good = Records.Item("s-1", "c-1", Records.Completed());

    private TestNode node = null!;

    public async Task InitializeAsync() => node = await TestNode.StartAsync();

    public async Task DisposeAsync() => await node.DisposeAsync();

    [Fact]
    public async Task an_array_gets_an_array_of_receipts_in_order()
    {
        var items = Enumerable.Range(0, 1200).Select(i => Records.Item("s-1", $"c-{i}", Records.Completed()));
        var answer = await node.RecordAsync($" [{string.Join(" ,\n", items)}] ");

        var receipts = answer.Require(200).Json.EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(0, 1200), receipts.Select(receipt => receipt.GetProperty("index").GetInt32()));
        Assert.All(receipts, receipt => Assert.Equal("recorded", receipt.Text("status")));
    }

    [Fact]
    public async Task an_empty_array_gets_an_empty_array() => Assert.Equal("[]", (await node.RecordAsync(" [ ] ")).Require(200).Text);

    [Theory]
    [InlineData("[{},")]
    [InlineData("[{\"a\":\"")]
    [InlineData("[{} {}]")]
    [InlineData("[{}x,{}]")]
    [InlineData("[{},,{}]")]
    [InlineData("[{}]]")]
    [InlineData("[")]
    [InlineData("[{},]")]
    public async Task what_is_no_array_by_its_structure_is_refused_whole_with_the_place(string body)
    {
        var cut = await node.RecordAsync(body.Replace("{}", Good));

        Assert.Matches(@"byte \d+ \(line \d+\)", cut.Problem(400));
        (await node.GetAsync("/v1/sessions/s-1/calls/c-1/events")).Problem(404);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("nonsense")]
    [InlineData("\"text, with ] and \\\" in it\"")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"a\":[}}")]
    public async Task an_item_that_is_no_object_is_invalid_alone(string item)
    {
        var receipts = (await node.RecordAsync($"[{Good},{item},{Good}]")).Require(200).Json;

        Assert.Equal(["recorded", "invalid", "duplicate"], receipts.EnumerateArray().Select(receipt => receipt.Text("status")));
    }

    [Fact]
    public async Task more_than_64_mib_is_told_to_come_as_lines()
    {
        var answer = await node.RecordAsync("[" + new string(' ', 65 << 20) + "]");

        Assert.Contains("NDJSON", answer.Problem(413));
    }
}
