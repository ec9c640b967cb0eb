namespace Audit.CommandLine.Tests;

public sealed class ExportTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task the_book_is_the_same_from_the_node_and_from_its_store()
    {
        var node = await InProcess.ServeAsync(directory.Path);
        CommandResult lines, table, story;
        await using (node)
        {
            var file = directory.File("records.ndjson");
            await File.WriteAllTextAsync(file, Records.Lines(Records.Items("s-1", 600)));
            (await RunAsync("ingest", file)).Require(ExitCode.Fine);
            lines = (await RunAsync("export", "--format", "ndjson", "--session", "s-1")).Require(ExitCode.Fine);
            table = (await RunAsync("export", "--format", "csv", "--session", "s-1")).Require(ExitCode.Fine);
            story = (await RunAsync("export", "--format", "session")).Require(ExitCode.Fine);
        }

        Assert.Equal(1200, lines.OutLines.Length);
        Assert.Equal(1201, table.OutLines.Length);
        Assert.StartsWith("identity=", Assert.Single(story.OutLines), StringComparison.Ordinal);
        Assert.Empty(lines.Error);
        var store = "sqlite:" + directory.File("journal.db");
        Assert.Equal(lines.Out, (await RunAsync("export", "--format", "ndjson", "--session", "s-1", "--store", store)).Require(ExitCode.Fine).Out);
        Assert.Equal(table.Out, (await RunAsync("export", "--format", "csv", "--session", "s-1")).Require(ExitCode.Fine).Out);
        Assert.Equal(story.Out, (await RunAsync("export", "--format", "session", "--store", store)).Require(ExitCode.Fine).Out);
    }

    [Theory]
    [InlineData()]
    [InlineData("--bundle", "a.zip", "--format", "csv")]
    [InlineData("--bundle", "a.zip", "--after", "3")]
    [InlineData("--format", "xml")]
    [InlineData("--format", "csv", "--after", "yesterday")]
    [InlineData("--format", "csv", "--store", "sqlite:absent.db")]
    [InlineData("--format", "csv", "--store", "sqlite:a", "--server", "http://127.0.0.1:1")]
    public async Task wrong_use_is_said_in_one_sentence(params string[] args)
    {
        var result = (await RunAsync(["export", .. args])).Require(ExitCode.WrongUse);
        Assert.Single(result.ErrorLines);
        Assert.Empty(result.Out);
    }

    private Task<CommandResult> RunAsync(params string[] args) => InProcess.RunAsync(directory.Path, [.. args, "--data", directory.Path]);
}
