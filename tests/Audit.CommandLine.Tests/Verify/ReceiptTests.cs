namespace Audit.CommandLine.Tests.Verify;

public sealed class ReceiptTests
{
    [Fact]
    public async Task receipts_that_were_kept_are_compared_with_the_store_a_node_and_a_bundle()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-0", 1)]);
        await File.WriteAllTextAsync(book.PathOf("items"), Records.Lines(Records.Items("s-1", 2)));
        var kept = book.PathOf("receipts");
        (await book.RunAsync("ingest", book.PathOf("items"), "--receipts", kept, "--sealed")).Require(ExitCode.Fine);
        Assert.Equal(4, (await File.ReadAllLinesAsync(kept)).Length);
        Assert.Contains("\"checkpoint\"", await File.ReadAllTextAsync(kept), StringComparison.Ordinal);
        Assert.Equal(4, (await book.VerifyAsync(ExitCode.Fine, "--receipts", kept)).GetProperty("integrity").GetProperty("receipts").GetInt64());
        (await InProcess.RunAsync(
            ["verify", "--server", book.Url.ToString(), "--token-file", book.TokenFile, "--key", book.Key, "--receipts", kept])).Require(ExitCode.Fine);
        await book.StopNodeAsync();
        var bundle = book.PathOf("bundle.zip");
        (await book.RunAsync("export", "--bundle", bundle)).Require(ExitCode.Fine);
        await book.VerifyAsync(ExitCode.Fine, "--bundle", bundle, "--key", book.Key, "--receipts", kept);

        // What was acknowledged of another row, or of one that is not there, is named by its line.
        var lines = await File.ReadAllLinesAsync(kept);
        lines[1] = lines[1].Replace("\"sha256\":\"", "\"sha256\":\"0", StringComparison.Ordinal);
        lines[2] = """{"status":"recorded","position":9999,"sequence":1}""";
        await File.WriteAllLinesAsync(kept, lines);
        var failed = (await book.RunAsync("verify", "--receipts", kept)).Require(ExitCode.VerificationFailed).Out;
        Assert.Contains("The receipt in line 2", failed, StringComparison.Ordinal);
        Assert.Contains("The receipt in line 3, of position 9999: the row is not there.", failed, StringComparison.Ordinal);
        await File.WriteAllTextAsync(kept, "nonsense");
        Assert.Contains("Line 1 is no receipt", (await book.RunAsync("verify", "--receipts", kept)).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }
}
