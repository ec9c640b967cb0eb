namespace Audit.CommandLine.Tests.Verify;

public sealed class ReceiptTests
{
    [Fact]
    public async Task receipts_are_checked_without_any_store_by_who_has_the_key_of_the_log()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-0", 1)]);
        await File.WriteAllTextAsync(book.PathOf("items"), Records.Lines(Records.Items("s-1", 3)));
        await File.WriteAllTextAsync(book.PathOf("more"), Records.Lines(Records.Items("s-2", 2)));
        var (signed, key) = (book.PathOf("receipts"), book.Key);
        (await book.RunAsync("ingest", book.PathOf("items"), "--receipts", signed, "--sign")).Require(ExitCode.Fine);
        (await book.RunAsync("ingest", book.PathOf("more"), "--receipts", signed, "--sign", "--sealed")).Require(ExitCode.Fine);
        await book.VerifyAsync(ExitCode.Fine, "--receipts", signed);
        using var elsewhere = new TemporaryDirectory();
        Task<CommandResult> Offline(params string[] args) =>
            InProcess.RunAsync(["verify", "--data", elsewhere.Path, "--receipts", signed, .. args]);

        var said = (await Offline("--key", key)).Require(ExitCode.Fine).Out;
        Assert.Contains("all 10 are borne out by the log's key", said, StringComparison.Ordinal);
        Assert.Contains("signed      10", said, StringComparison.Ordinal);
        Assert.Contains("in the log  4, with their proofs", said, StringComparison.Ordinal);
        (await Offline()).Require(ExitCode.WrongUse);
        await using var other = await SealedBook.StartAsync([.. Records.Items("s-0", 1)]);
        (await Offline("--key", other.Key)).Require(ExitCode.VerificationFailed);

        // Another position, a receipt that was left out or moved, and one that nobody signed.
        var lines = await File.ReadAllLinesAsync(signed);
        string[][] forgeries =
        [
            [lines[0].Replace("\"sequence\":1", "\"sequence\":2", StringComparison.Ordinal), .. lines[1..]],
            lines[1..],
            [lines[1], lines[0], .. lines[2..]],
            [.. lines, """{"status":"recorded","position":9999,"sequence":1}"""],
            [.. lines.Where(line => !line.Contains("\"signed\"", StringComparison.Ordinal))],
        ];
        foreach (var forgery in forgeries)
        {
            await File.WriteAllLinesAsync(signed, forgery);
            (await Offline("--key", key)).Require(ExitCode.VerificationFailed);
        }
    }

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
