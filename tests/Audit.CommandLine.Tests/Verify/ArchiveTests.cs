using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Storage;
using Microsoft.Data.Sqlite;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>What is over is put aside with its proofs, is verified by itself, and is read again from there.</summary>
public sealed class ArchiveTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string Aside => directory.File("archive");

    private string Keys => directory.File("keys");

    [Fact]
    public async Task whole_settled_sessions_go_into_an_archive_that_is_verified_without_the_store()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 2), Open("s-2")]);
        var rows = book.Rows();
        var said = (await ArchiveAsync(book)).Require(ExitCode.Fine);
        Assert.Contains("1 sessions with 4 rows", said.Out);
        Assert.Contains("s-2 stays: a call of it is not settled", said.Error);
        Assert.Equal(rows, book.Rows().Take(rows.Count));

        // A later run adds what came since, and nothing twice.
        await book.SendAsync([.. Records.Items("s-3", 1)]);
        Assert.Contains("1 sessions with 2 rows", (await ArchiveAsync(book)).Require(ExitCode.Fine).Out);
        Assert.Contains("0 sessions with 0 rows", (await ArchiveAsync(book)).Require(ExitCode.Fine).Out);
        Assert.Equal(2, Directory.GetFiles(Aside, "*.note").Length);
        Assert.Contains("2 segments with 2 sessions and 6 rows are whole.", (await VerifyAsync(book)).Require(ExitCode.Fine).Out);
        var alone = await InProcess.RunAsync("archive", "verify", Aside, "--data", directory.File("nowhere"));
        Assert.Contains("by the key that lies with them", alone.Require(ExitCode.KeyNotGiven).Out);
        (await InProcess.RunAsync("archive", "verify", Aside, "--key", book.Key)).Require(ExitCode.Fine);
        await book.VerifyAsync(ExitCode.Fine);
        Assert.Equal(2, await SaidAsync(book));
        Assert.Contains("kept apart", (await book.RunAsync("archive", "--before", "0d", "--to", Aside, "--keys-to", Aside)).Require(ExitCode.WrongUse).Error);

        // What a run that was broken off had written already is named in the book by the next.
        await book.SendAsync([.. Records.Items("s-4", 1)]);
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        await Archive.RunAsync(
            book.Store, Aside, Keys, await StoreMeta.EntryKeysAsync(book.Store, keys, default),
            new NodeOptions { Data = book.PathOf(".") }.OpenLogKeys(), DateTimeOffset.UtcNow.AddDays(1), null, default);
        Assert.Equal(2, await SaidAsync(book));
        Assert.Contains("0 sessions with 0 rows", (await ArchiveAsync(book)).Require(ExitCode.Fine).Out);
        Assert.Equal(3, await SaidAsync(book));
    }

    /// <summary>How many segments the book names.</summary>
    private static async Task<int> SaidAsync(SealedBook book) =>
        (await book.RunAsync("export", "--format", "ndjson")).Require(ExitCode.Fine).OutLines
            .Count(line => line.Contains("archive.written", StringComparison.Ordinal));

    [Fact]
    public async Task an_archive_is_opened_as_a_book_of_its_own_that_takes_nothing()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 2), .. Records.Items("s-2", 1)]);
        (await ArchiveAsync(book)).Require(ExitCode.Fine);
        var data = directory.File("opened");
        string[] options = ["--data", data, "--row-key", book.PathOf("row.key")];
        var said = await InProcess.RunAsync(["archive", "open", Aside, "--keys-from", Keys, "--key", book.Key, .. options]);
        Assert.Contains("6 rows of 2 sessions were verified", said.Require(ExitCode.Fine).Out);
        File.Copy(book.PathOf("row.key"), Path.Combine(data, "row.key"));
        await using (var node = await InProcess.ServeAsync(data))
        {
            Assert.Contains("completed", (await InProcess.RunAsync("show", "s-1", "--data", data)).Require(ExitCode.Fine).Out);
            Assert.Contains("call-0", (await InProcess.RunAsync("search", "tool:read_file", "--data", data)).Require(ExitCode.Fine).Out);
            var whole = (await InProcess.RunAsync("export", "--format", "ndjson", "--data", data)).Require(ExitCode.Fine).Out;
            Assert.Contains("/tmp/x", whole);
            Assert.DoesNotContain("unopened", whole);
            var items = directory.File("more.ndjson");
            await File.WriteAllTextAsync(items, Records.Lines(Records.Items("s-9", 1)));
            var refused = await InProcess.RunAsync("ingest", items, "--data", data);
            Assert.NotEqual(ExitCode.Fine, refused.ExitCode);
            Assert.Contains("is only read", refused.Out + refused.Error);
        }

        (await InProcess.RunAsync("verify", "--data", data)).Require(ExitCode.Fine);
        var again = await InProcess.RunAsync(["archive", "open", Aside, .. options]);
        Assert.Contains("There is a store", again.Require(ExitCode.WrongUse).Error);
    }

    [Fact]
    public async Task an_archive_that_somebody_edited_does_not_verify_and_is_not_opened()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 2)]);
        await using var other = await SealedBook.LeftAsync([.. Records.Items("s-1", 2)]);
        (await ArchiveAsync(book)).Require(ExitCode.Fine);
        Assert.Contains("another store", (await ArchiveAsync(other)).Require(ExitCode.WrongUse).Error);
        var (note, rows) = (Path.Combine(Aside, "segment-000001.note"), Path.Combine(Aside, ArchiveSegment.RowsName(1)));
        var (said, whole) = (await File.ReadAllTextAsync(note), await File.ReadAllBytesAsync(rows));

        whole[whole.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(rows, whole);
        Assert.Contains("is not as it was written", (await VerifyAsync(book)).Require(ExitCode.VerificationFailed).Error);
        // Whoever makes the digest right again has no signature.
        var digest = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(whole));
        var named = ArchiveSegment.ReadAll(Aside)[0].Rows.Sha256;
        await File.WriteAllTextAsync(note, said.Replace(named, digest, StringComparison.Ordinal));
        Assert.Contains("is not signed", (await VerifyAsync(book)).Require(ExitCode.VerificationFailed).Error);
        var opened = await InProcess.RunAsync(
            "archive", "open", Aside, "--data", directory.File("opened"), "--row-key", book.PathOf("row.key"));
        opened.Require(ExitCode.VerificationFailed);
        Assert.False(File.Exists(Path.Combine(directory.File("opened"), "journal.db")));
        File.Move(note, Path.Combine(Aside, "segment-000002.note"));
        Assert.Contains("renamed", (await VerifyAsync(book)).Require(ExitCode.WrongUse).Error);
    }

    [Fact]
    public async Task a_run_that_was_broken_off_is_gone_on_with_and_a_row_that_was_changed_is_not_archived()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 2)]);
        // As it lies there after a kill: rows, and no note that says so.
        Directory.CreateDirectory(Aside);
        await File.WriteAllTextAsync(Path.Combine(Aside, ArchiveSegment.RowsName(1)), "half");
        await File.WriteAllTextAsync(Path.Combine(Aside, "unfinished.part"), "half");
        (await ArchiveAsync(book)).Require(ExitCode.Fine);
        (await VerifyAsync(book)).Require(ExitCode.Fine);
        foreach (var (time, said) in ((string, string)[])[("2100-01-01", "yet to come"), ("soon", "is not accepted"), ("-3d", "is not accepted")])
        {
            Assert.Contains(said, (await book.RunAsync("archive", "--before", time, "--to", Aside)).Require(ExitCode.WrongUse).Error);
        }

        await using var changed = await SealedBook.LeftAsync([.. Records.Items("s-1", 2)]);
        changed.ChangeByte(changed.Rows().Select((row, index) => (row, index)).First(one => one.row.Contains("call|", StringComparison.Ordinal)).index + 1);
        Directory.Delete(Aside, recursive: true);
        Directory.Delete(Keys, recursive: true);
        Assert.Contains("is one that no node wrote so", (await ArchiveAsync(changed)).Error);
        Assert.Empty(Directory.GetFiles(Aside, "*.note"));
    }

    [PostgresFact]
    public async Task a_database_of_any_locale_is_archived_beside_its_node()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync("template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'");
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 2), Open("s-2")]);
        Assert.Contains("1 sessions with 4 rows", (await ArchiveAsync(book, "--store", book.Store)).Require(ExitCode.Fine).Out);
        (await VerifyAsync(book)).Require(ExitCode.Fine);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        directory.Dispose();
    }

    private static string Open(string session) => $$"""{"session_id":"{{session}}","record":{{Records.Requested("open")}}}""";

    private Task<CommandResult> ArchiveAsync(SealedBook book, params string[] more) =>
        book.RunAsync(["archive", "--before", "0d", "--to", Aside, "--keys-to", Keys, .. more]);

    private Task<CommandResult> VerifyAsync(SealedBook book) => book.RunAsync("archive", "verify", Aside);
}
