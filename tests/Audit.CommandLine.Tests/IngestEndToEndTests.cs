using System.Text.Json;

namespace Audit.CommandLine.Tests;

public sealed class IngestEndToEndTests(StartedNode node) : IClassFixture<StartedNode>
{
    /// <summary>Each test has a session of its own at a node that all share.</summary>
    private readonly string session = $"s-{Guid.NewGuid():N}";

    private readonly TemporaryDirectory directory = node.Directory;

    [Fact]
    public async Task a_file_of_items_is_recorded_once_and_duplicate_the_second_time()
    {
        var file = Write(Records.Items(session, 20));
        var first = (await IngestAsync(file, "-o", "json")).Require(ExitCode.Fine);
        Assert.Equal(40, Counted(first, "recorded"));
        Assert.Equal(40, Counted(first, "items"));
        Assert.Empty(first.Error);
        Assert.Equal(40, Counted((await IngestAsync(file, "-o", "json")).Require(ExitCode.Fine), "duplicate"));
    }

    [Fact]
    public async Task bare_records_come_in_by_standard_input_with_the_session_of_the_command_line()
    {
        var input = Records.Lines([Records.Requested("call-1"), "", Records.Completed("call-1")]);
        var result = (await IngestInputAsync(input, "--session", session, "--task", "t-1", "--agent", "a-1")).Require(ExitCode.Fine);
        Assert.Contains("recorded\t2", result.OutLines);
    }

    [Fact]
    public async Task every_receipt_is_printed_with_the_place_of_its_item()
    {
        var result = (await IngestAsync(Write(Records.Items(session, 10)), "-o", "ndjson")).Require(ExitCode.Fine);
        var receipts = Records.Receipts(result);
        Assert.Equal(Enumerable.Range(0, 20).Select(index => (long)index), receipts.Select(receipt => receipt.Index));
        Assert.All(receipts, receipt => Assert.Equal("recorded", receipt.Status));
        Assert.Equal(receipts.Select(receipt => receipt.Position).Order(), receipts.Select(receipt => receipt.Position));
    }

    [Fact]
    public async Task a_violation_is_told_and_is_no_failure()
    {
        var file = Write([Records.Blocked("call-1"), Records.Completed("call-1")]);
        var result = (await IngestAsync(file, "--session", session)).Require(ExitCode.Fine);
        var told = Assert.Single(result.ErrorLines);
        Assert.StartsWith("item 1: violation: ", told, StringComparison.Ordinal);
        Assert.Contains("violation\t1", result.OutLines);
    }

    [Fact]
    public async Task what_cannot_be_read_is_told_the_rest_lands_and_the_exit_code_says_it()
    {
        var file = Write([Records.Requested("call-1"), "{\"cut", Records.Completed("call-1")]);
        var result = (await IngestAsync(file, "--session", session)).Require(ExitCode.Failed);
        Assert.StartsWith("item 1: invalid: ", Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Contains("recorded\t2", result.OutLines);
        Assert.Contains("invalid\t1", result.OutLines);
    }

    [Fact]
    public async Task what_a_record_says_cannot_write_on_the_terminal()
    {
        var file = Write([Records.Bare("call-1", """{"kind":"requested"}""", "\\u001b[2Jyesterday")]);
        var result = (await IngestAsync(file, "--session", session)).Require(ExitCode.Failed);
        Assert.DoesNotContain('\u001b', result.Error);
    }

    [Fact]
    public async Task a_file_of_many_batches_keeps_its_order_and_loses_nothing()
    {
        var file = Write(Records.Items(session, 12_000));
        var result = (await IngestAsync(file, "-o", "ndjson")).Require(ExitCode.Fine);
        var receipts = Records.Receipts(result);
        Assert.Equal(Enumerable.Range(0, 24_000).Select(index => (long)index), receipts.Select(receipt => receipt.Index));
        Assert.All(receipts, receipt => Assert.Equal("recorded", receipt.Status));
    }

    [Fact]
    public async Task an_empty_input_is_no_failure() =>
        Assert.Equal(0, Counted((await IngestInputAsync("\n \n", "-o", "json")).Require(ExitCode.Fine), "items"));

    [Fact]
    public async Task a_line_larger_than_a_batch_is_recorded()
    {
        var large = Records.Bare("call-1", $$"""{"kind":"blocked","reason":"{{new string('x', 9_000_000)}}"}""");
        var file = Write([Records.Requested("call-1"), large, Records.Requested("call-2")]);
        Assert.Equal(3, Counted((await IngestAsync(file, "--session", session, "-o", "json")).Require(ExitCode.Fine), "recorded"));
    }

    [Fact]
    public async Task a_token_that_is_not_known_is_said_to_be()
    {
        var tokenFile = directory.File("wrong.token");
        await File.WriteAllTextAsync(tokenFile, "aat_" + new string('A', 43));
        var result = (await IngestAsync(Write(Records.Items(session, 1)), "--token-file", tokenFile)).Require(ExitCode.Failed);
        Assert.Contains("401", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_record_as_deep_as_one_may_be_is_played_again()
    {
        var deep = new string('[', 60) + new string(']', 60);
        var record = Records.Requested("call-1").Replace("\"/tmp/x\"", deep);
        (await IngestAsync(Write([record]), "--session", session)).Require(ExitCode.Fine);
        var result = await InProcess.RunAsync(
            directory.Path, ["replay", session, "-o", "ndjson", "--data", directory.Path]);
        Assert.Contains(deep, Assert.Single(result.Require(ExitCode.Fine).OutLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_message_that_is_judged_again_is_played_with_both_rulings()
    {
        // The completion comes first and the refusal, which was earlier, after it.
        var file = Write([Records.Requested("call-1"), Records.Completed("call-1"), Records.Blocked("call-1")]);
        (await IngestAsync(file, "--session", session)).Require(ExitCode.Fine);
        var result = await InProcess.RunAsync(directory.Path, ["replay", session, "--data", directory.Path]);
        Assert.Contains("judged again: completed → VIOLATION", result.Require(ExitCode.Fine).Out, StringComparison.Ordinal);
    }

    private string Write(IEnumerable<string> lines)
    {
        var file = directory.File($"{Guid.NewGuid():N}.ndjson");
        File.WriteAllText(file, Records.Lines(lines));
        return file;
    }

    private static long Counted(CommandResult result, string member) =>
        JsonDocument.Parse(result.Out).RootElement.GetProperty(member).GetInt64();

    private Task<CommandResult> IngestAsync(string file, params string[] args) =>
        InProcess.RunAsync(directory.Path, ["ingest", file, .. args, "--data", directory.Path]);

    private Task<CommandResult> IngestInputAsync(string input, params string[] args) =>
        InProcess.RunAsync(directory.Path, ["ingest", "-", .. args, "--data", directory.Path], input);
}

/// <summary>A node for the tests of one class.</summary>
public sealed class StartedNode : IAsyncLifetime
{
    private RunningNode? node;

    public TemporaryDirectory Directory { get; } = new();

    public async Task InitializeAsync() => node = await InProcess.ServeAsync(Directory.Path);

    public async Task DisposeAsync()
    {
        await node!.DisposeAsync();
        Directory.Dispose();
    }
}
