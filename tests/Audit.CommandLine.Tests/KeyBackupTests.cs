using Audit.CommandLine.Tests.Verify;

namespace Audit.CommandLine.Tests;

public sealed class KeyBackupTests
{
    [Fact]
    public async Task the_row_key_is_copied_once_and_nothing_is_written_over()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 1)]);
        var copy = book.PathOf("row.copy");

        var made = (await book.RunAsync("key", "backup", copy)).Require(ExitCode.Fine);

        Assert.Equal(copy, Assert.Single(made.OutLines));
        Assert.Equal(File.ReadAllBytes(book.PathOf("row.key")), File.ReadAllBytes(copy));
        var again = (await book.RunAsync("key", "backup", copy)).Require(ExitCode.WrongUse);
        Assert.Contains(copy, Assert.Single(again.ErrorLines), StringComparison.Ordinal);
    }
}
