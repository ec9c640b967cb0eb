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

    [Fact]
    public async Task a_row_key_that_was_made_before_is_the_one_of_a_new_store()
    {
        using var directory = new TemporaryDirectory();
        var key = (await InProcess.RunAsync("key", "make", directory.File("row.key"))).Require(ExitCode.Fine).OutLines[0];
        var made = await File.ReadAllBytesAsync(key);

        await using (await AuditProgram.ServeAsync(directory.File("data"), "--row-key", key))
        {
            Assert.Equal(made, await File.ReadAllBytesAsync(key));
            Assert.False(File.Exists(directory.File("data/row.key")));
        }

        var again = (await InProcess.RunAsync("key", "make", key)).Require(ExitCode.WrongUse);
        Assert.Contains("is there already", Assert.Single(again.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(made, await File.ReadAllBytesAsync(key));
    }
}
