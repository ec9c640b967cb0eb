namespace Audit.CommandLine.Tests.Verify;

public sealed class LogRestartTests
{
    private static readonly string[] TwoCalls = [.. Records.Items("s-1", 2)];

    [Fact]
    public async Task a_node_is_asked_for_a_new_log_and_goes_on_with_it()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        var made = (await book.RunAsync("log", "restart", "--reason", "the key was lent")).Require(ExitCode.Fine);
        var key = Assert.Single(made.OutLines);
        Assert.StartsWith("example.com/log-2+", key, StringComparison.Ordinal);
        await book.SendAsync([.. Records.Items("s-2", 1)]);
        Assert.Equal(key, (await book.VerifyAsync(ExitCode.Fine)).GetProperty("integrity").GetProperty("key").GetString());
    }

    [Fact]
    public async Task a_store_whose_rows_were_changed_gets_a_new_log_while_no_node_runs()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var kept = book.KeepCheckpoint("kept");
        book.ChangeByte(3);
        await book.VerifyAsync(ExitCode.VerificationFailed);
        (await book.RunAsync("log", "restart", "--reason", "restored", "--origin", "example.com/anew")).Require(ExitCode.Fine);

        // A row was edited, and no restart makes that intact.
        var said = (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed).Out;
        Assert.Contains("found then: The row at position 3 is not the one that was sealed", said, StringComparison.Ordinal);
        await book.VerifyAsync(ExitCode.VerificationFailed, "--accept-restart", "3");
        // The read models were made of the row as it was, and it counts for nothing now.
        Assert.Contains("audit rebuild", said, StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(book.PathOf("."), "journal-read.db*"))
        {
            File.Delete(file);
        }

        var integrity = (await book.VerifyAsync(ExitCode.Fine, "--accept-restart", "2", "--accept-unproven", "1")).GetProperty("integrity");
        Assert.Equal("example.com/anew", integrity.GetProperty("origin").GetString());
        Assert.Equal(0, integrity.GetProperty("unsealed_rows").GetInt64());
        // What an auditor kept of the old log still tells.
        await book.VerifyAsync(ExitCode.VerificationFailed, "--since", kept, "--accept-restart", "2");
    }

    [Fact]
    public async Task a_store_whose_log_was_lost_gets_another_that_says_so_for_ever()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        foreach (var file in Directory.GetFiles(book.PathOf("."), "journal-log.db*"))
        {
            File.Delete(file);
        }

        (await book.RunAsync("log", "restart", "--reason", "the disk of the log is lost")).Require(ExitCode.Fine);
        var said = (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed).Out;
        Assert.Contains("the disk of the log is lost", said, StringComparison.Ordinal);
        await book.VerifyAsync(ExitCode.Fine, "--accept-restart", "2");
    }

    [Fact]
    public async Task a_halt_ends_where_the_rows_are_again_what_was_sealed_and_a_lost_memory_is_given_back()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var refused = (await book.RunAsync("log", "resume", "--reason", "why")).Require(ExitCode.Failed);
        Assert.Contains("is not halted", refused.Error, StringComparison.Ordinal);
        var kept = book.KeepCheckpoint("kept");
        File.Delete(book.PathOf("log.checkpoint"));
        (await book.RunAsync("log", "adopt", kept)).Require(ExitCode.Fine);
        await book.VerifyAsync(ExitCode.Fine);
        (await book.RunAsync("log", "adopt", book.PathOf("nothing"))).Require(ExitCode.WrongUse);
    }
}
