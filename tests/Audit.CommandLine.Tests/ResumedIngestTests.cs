namespace Audit.CommandLine.Tests;

public sealed class ResumedIngestTests : IDisposable
{
    private const string Stopped = """{"status":"stopped","next_index":3,"retry_after":0,"error":"the journal is away"}""";
    private const string StoppedForGood = """{"status":"stopped","next_index":3,"retry_after":null,"error":"too many receipts"}""";

    private readonly TemporaryDirectory directory = new();

    [Fact]
    public async Task an_ingest_comes_again_to_a_node_that_is_full()
    {
        await using var node = await StubNode.StartAsync(
            StubNode.Refusal(429, 0), StubNode.Refusal(503, 0), StubNode.Receipts(10));
        AssertAllRecorded(await IngestAsync(node));
        Assert.Equal(3, node.Requests.Count);
    }

    [Fact]
    public async Task an_ingest_goes_on_where_the_node_stopped()
    {
        await using var node = await StubNode.StartAsync(StubNode.Receipts(3, Stopped), StubNode.Receipts(10));
        var result = await IngestAsync(node);
        AssertAllRecorded(result);
        Assert.Equal(Lines[3..], node.Requests[1]);
        Assert.Contains("the journal is away; going on from item 3", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task an_ingest_sends_again_from_the_first_item_whose_node_is_away()
    {
        await using var node = await StubNode.StartAsync(
            StubNode.Receipts(3, """
                {"index":3,"status":"unavailable","error":"its node is away","retry_after":0}
                {"index":4,"status":"recorded","position":5}

                """),
            StubNode.Receipts(10));
        var result = await IngestAsync(node);
        AssertAllRecorded(result);
        Assert.Equal(Lines[3..], node.Requests[1]);
        Assert.Contains("its node is away; going on from item 3", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task an_ingest_goes_on_after_the_last_receipt_that_came_through_a_lost_connection()
    {
        await using var node = await StubNode.StartAsync(StubNode.Break(after: 4), StubNode.Receipts(10));
        AssertAllRecorded(await IngestAsync(node));
        // Of the four that were sent the break may have swallowed some.
        Assert.InRange(node.Requests[1].Length, 6, 10);
        Assert.Equal(Lines[^node.Requests[1].Length..], node.Requests[1]);
    }

    [Fact]
    public async Task an_answer_that_ends_early_is_not_taken_for_the_whole()
    {
        await using var node = await StubNode.StartAsync(StubNode.Receipts(9), StubNode.Receipts(10));
        AssertAllRecorded(await IngestAsync(node));
        Assert.Equal(Lines[9..], node.Requests[1]);
    }

    [Fact]
    public async Task a_node_that_stays_full_is_given_up_with_a_sentence()
    {
        await using var node = await StubNode.StartAsync(StubNode.Receipts(3, Stopped), StubNode.Refusal(503, 0));
        var result = (await IngestAsync(node)).Require(ExitCode.Failed);
        Assert.Equal(3, result.OutLines.Length);
        Assert.Contains("The items before number 3 have their receipts", result.Error, StringComparison.Ordinal);
        Assert.InRange(node.Requests.Count, 2, 10);
    }

    [Fact]
    public async Task a_stop_that_would_come_again_is_not_tried_again()
    {
        await using var node = await StubNode.StartAsync(StubNode.Receipts(3, StoppedForGood), StubNode.Receipts(10));
        var result = (await IngestAsync(node)).Require(ExitCode.Failed);
        Assert.Contains("too many receipts", result.Error, StringComparison.Ordinal);
        Assert.Single(node.Requests);
    }

    public void Dispose() => directory.Dispose();

    private static string[] Lines => [.. Records.Items("s-1", 5)];

    private static void AssertAllRecorded(CommandResult result)
    {
        var receipts = Records.Receipts(result.Require(ExitCode.Fine));
        Assert.Equal(Enumerable.Range(0, 10).Select(index => (long)index), receipts.Select(receipt => receipt.Index));
        Assert.All(receipts, receipt => Assert.Equal("recorded", receipt.Status));
    }

    private async Task<CommandResult> IngestAsync(StubNode node)
    {
        await File.WriteAllTextAsync(directory.File("items.ndjson"), Records.Lines(Lines));
        await File.WriteAllTextAsync(directory.File("some.token"), "some-token");
        return await InProcess.RunAsync(
            "ingest", directory.File("items.ndjson"), "-o", "ndjson", "--server", node.Url,
            "--token-file", directory.File("some.token"));
    }
}
