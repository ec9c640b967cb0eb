using System.Diagnostics;
using System.Text.Json.Nodes;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Storage;
using Microsoft.Data.Sqlite;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>A book is put back from its backup, and what is no backup is told from one.</summary>
public sealed class KeepingTests : IDisposable
{
    private static readonly string[] TwoCalls = [.. Records.Items("s-1", 2)];

    private readonly TemporaryDirectory directory = new();

    private string Rows => directory.File("backup");

    private string Keys => directory.File("keys");

    [Fact]
    public async Task a_backup_beside_a_node_goes_on_with_the_one_before_and_is_put_back_elsewhere()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        await BackUpAsync(book);
        var first = Directory.GetFiles(Rows, "rows-*").Single();
        var written = await File.ReadAllBytesAsync(first);
        await book.SendAsync([.. Records.Items("s-2", 1)]);
        await BackUpAsync(book);
        Assert.Equal(written, await File.ReadAllBytesAsync(first));
        Assert.Equal(2, Directory.GetFiles(Rows, "rows-*").Length);
        await book.SendAsync([.. Records.Items("s-3", 1)]);

        var receipts = directory.File("receipts");
        await File.WriteAllTextAsync(receipts, """
            {"index":0,"status":"recorded","position":2,"sequence":1}
            {"index":1,"status":"recorded","position":900,"sequence":1}
            """);
        var said = await RestoreAsync(book, ExitCode.Fine, "--receipts", receipts);
        Assert.Contains("1 of 2 receipts are of what was acknowledged after the backup, positions 900 to 900", said.Out);
        await VerifyAsync(book, directory.File("data"));
        var known = await InProcess.RunAsync(
            "export", "--data", directory.File("data"), "--row-key", book.PathOf("row.key"), "--format", "ndjson");
        Assert.Contains("s-2", known.Require(ExitCode.Fine).Out);
        Assert.DoesNotContain("s-3", known.Out);
        Assert.DoesNotContain("unopened", known.Out);
        Assert.Contains("store.restored", known.Out);
    }

    [Fact]
    public async Task what_does_not_verify_is_opened_by_nobody_and_can_be_put_back_again()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await BackUpAsync(book);
        var manifest = Path.Combine(Rows, "backup.json");
        var whole = await File.ReadAllTextAsync(manifest);
        // Somebody leaves rows out, and has the row key to make the rest look right.
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        (BackupManifest.Find(Rows, keys)! with { Parts = [] }).Save(Rows, keys);
        await RestoreAsync(book, ExitCode.VerificationFailed);
        var refused = await InProcess.RunAsync(
            "token", "list", "--data", directory.File("data"), "--row-key", book.PathOf("row.key"));
        Assert.Contains("being restored", refused.Require(ExitCode.WrongUse).Error);

        await File.WriteAllTextAsync(manifest, whole);
        await RestoreAsync(book, ExitCode.Fine);
        await VerifyAsync(book, directory.File("data"));
        Assert.Contains("There is a store", (await RestoreAsync(book, ExitCode.WrongUse)).Error);
    }

    [Fact]
    public async Task what_a_backup_says_of_itself_is_believed_from_a_node_alone()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await BackUpAsync(book);
        var manifest = Path.Combine(Rows, "backup.json");
        var whole = await File.ReadAllTextAsync(manifest);
        foreach (var (name, value) in ((string, JsonNode?)[])[("last_position", 900), ("parts", new JsonArray()), ("mac", null), ("mac", "00")])
        {
            var other = JsonNode.Parse(whole)!;
            other[name] = value;
            await File.WriteAllTextAsync(manifest, other.ToJsonString());
            Assert.Contains("is not as it was written", (await RestoreAsync(book, ExitCode.WrongUse)).Error);
            Assert.Contains("is not as it was written", (await book.RunAsync("backup", "--to", Rows)).Require(ExitCode.WrongUse).Error);
        }

        await File.WriteAllTextAsync(manifest, whole);
        // Nor does a line that somebody adds to the file of keys erase anything, nor another book's erasure.
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        var said = new ErasedContent("e-1", "notes|host|s-1", "alice", "bob", default, 0);
        Assert.False(KeyBackup.TryForget(Keys, [said], () => [], RowKeys.Of(new byte[RowKeys.KeyLength])));
        await RestoreAsync(book, ExitCode.Fine);
        Assert.DoesNotContain("erased", (await VerifyAsync(book, directory.File("data"))).Out);
        await using var another = await SealedBook.LeftAsync(TwoCalls);
        var refused = await another.RunAsync("backup", "--to", directory.File("others"), "--keys-to", Keys);
        Assert.Contains("the keys of another book", refused.Require(ExitCode.WrongUse).Error);
        refused = await another.RunAsync("backup", "--to", directory.File("others"), "--keys-to", $"{Keys} [others]");
        Assert.Contains("does not end in […]", refused.Require(ExitCode.WrongUse).Error);
        Assert.False(Directory.Exists($"{Keys} [others]"));
        Assert.True(KeyBackup.TryForget(Keys, [said], () => [], keys));
        // The book that is put back says what was erased, and that no node has looked yet where else its keys lay.
        var data = directory.File("erased");
        (await InProcess.RunAsync(
            "restore", "--from", Rows, "--keys-from", Keys, "--reason", "why", "--data", data, "--row-key", book.PathOf("row.key")))
            .Require(ExitCode.Fine);
        var known = await InProcess.RunAsync("export", "--data", data, "--row-key", book.PathOf("row.key"), "--format", "ndjson");
        Assert.Contains($"\"pending\":[\"{Keys} [{KeyBackup.IdOf(Keys)}]\"]", known.Require(ExitCode.Fine).Out);
        var options = new NodeOptions
        {
            Store = $"sqlite:{data}/journal.db", Data = data, Urls = "http://127.0.0.1:0", RowKey = book.PathOf("row.key"),
        };
        File.Copy(book.TokenFile, Path.Combine(data, "admin.token"), overwrite: true);
        await using var node = await NodeHost.StartAsync(options, new NodeSeams(), CancellationToken.None);
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(TimeSpan.FromMilliseconds(50)))
        {
            var listed = (await InProcess.RunAsync("erase", "--data", data)).Require(ExitCode.Fine).Out;
            Assert.Contains("e-1", listed);
            if (!listed.Contains(Keys))
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), listed);
        }
    }

    [Fact]
    public async Task a_log_that_lay_there_is_left_alone_and_what_was_broken_off_is_opened_by_nobody()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await BackUpAsync(book);
        var data = Directory.CreateDirectory(directory.File("data")).FullName;
        var foreign = Path.Combine(data, "journal-log.db");
        await File.WriteAllTextAsync(foreign, "of somebody");
        for (var tries = 0; tries < 2; tries++)
        {
            Assert.Contains("There is a log", (await RestoreAsync(book, ExitCode.WrongUse)).Error);
            Assert.Equal("of somebody", await File.ReadAllTextAsync(foreign));
        }

        File.Delete(foreign);
        // Verified, and broken off before it could be written down: the log has no key here.
        Directory.CreateDirectory(Path.Combine(data, "log.key"));
        var broken = await InProcess.RunAsync(Restoring(book));
        Assert.NotEqual(ExitCode.Fine, broken.ExitCode);
        var refused = await InProcess.RunAsync("token", "list", "--data", data, "--row-key", book.PathOf("row.key"));
        Assert.Contains("being restored", refused.Require(ExitCode.WrongUse).Error);
        Directory.Delete(Path.Combine(data, "log.key"));
        await RestoreAsync(book, ExitCode.Fine);
        await VerifyAsync(book, data);
    }

    [Fact]
    public async Task a_file_that_changed_another_key_and_another_store_are_told()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await using var other = await SealedBook.LeftAsync(TwoCalls);
        await BackUpAsync(book);
        var wrong = await other.RunAsync("backup", "--to", Rows);
        Assert.Contains("another store", wrong.Require(ExitCode.WrongUse).Error);
        Assert.Contains("apart", (await book.RunAsync("backup", "--to", Rows, "--keys-to", Rows)).Require(ExitCode.WrongUse).Error);
        var key = await InProcess.RunAsync(
            "restore", "--from", Rows, "--keys-from", Keys, "--reason", "why", "--data", directory.File("data"), "--row-key",
            other.PathOf("row.key"));
        Assert.Contains("give the copy of the file", key.Require(ExitCode.WrongUse).Error);
        await File.AppendAllTextAsync(Directory.GetFiles(Rows, "rows-*").Single(), "x");
        Assert.Contains("is not as it was written", (await RestoreAsync(book, ExitCode.WrongUse)).Error);
    }

    [Fact]
    public async Task a_backup_names_no_file_elsewhere_and_is_written_by_one_at_a_time()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await BackUpAsync(book);
        foreach (var place in (string[])[Rows, Keys])
        {
            await using var held = new FileStream(Path.Combine(place, "backup.lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            var second = await book.RunAsync("backup", "--to", Rows, "--keys-to", Keys);
            Assert.Contains($"Another backup is being written into {place}", second.Require(ExitCode.WrongUse).Error);
        }

        await BackUpAsync(book);
        var victim = directory.File("rows-000000000001-000000000002.gz");
        await File.WriteAllTextAsync(victim, "of somebody");
        var manifest = Path.Combine(Rows, "backup.json");
        var whole = await File.ReadAllTextAsync(manifest);
        var tables = JsonNode.Parse(whole)!["tables"]!["file"]!.ToString();
        var rows = JsonNode.Parse(whole)!["parts"]![0]!["file"]!.ToString();
        foreach (var (from, to) in ((string, string)[])[(tables, "../" + Path.GetFileName(victim)), (tables, victim), (tables, rows), (rows, tables)])
        {
            await File.WriteAllTextAsync(manifest, whole.Replace(from, to, StringComparison.Ordinal));
            Assert.Contains("names a file", (await RestoreAsync(book, ExitCode.WrongUse)).Error);
            Assert.Contains("names a file", (await book.RunAsync("backup", "--to", Rows)).Require(ExitCode.WrongUse).Error);
        }

        Assert.True(File.Exists(victim) && File.Exists(Path.Combine(Rows, rows)));
    }

    [Fact]
    public async Task a_file_that_was_copied_from_under_a_node_is_named_and_takes_nothing()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        var copy = Directory.CreateDirectory(directory.File("copy")).FullName;
        foreach (var name in (string[])["journal.db", "row.key"])
        {
            File.Copy(book.PathOf(name), Path.Combine(copy, name));
        }

        var said = (await InProcess.RunAsync("doctor", "--data", copy)).Require(ExitCode.Failed).Out;
        Assert.Contains("was copied from under a running node", said);
        Assert.Contains("no backup was ever taken", (await book.RunAsync("doctor")).Require(ExitCode.Fine).Out, StringComparison.OrdinalIgnoreCase);
        await using (var node = await InProcess.ServeAsync(copy))
        {
            await RequireReadyAsync(node, 503);
        }

        // Nor after a second start.
        await using (var node = await InProcess.ServeAsync(copy))
        {
            await RequireReadyAsync(node, 503);
        }

        var options = new NodeOptions
        {
            Store = $"sqlite:{copy}/journal.db", Data = copy, Urls = "http://127.0.0.1:0", AcceptSetBack = "it was lost",
        };
        await using (var node = await NodeHost.StartAsync(options, new NodeSeams(), CancellationToken.None))
        {
            await RequireReadyAsync(node, 200);
        }

        Assert.DoesNotContain("copied", (await InProcess.RunAsync("doctor", "--data", copy)).Out);
    }

    [Fact]
    public async Task what_is_held_is_listed_and_not_erased()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        var hold = (await book.RunAsync("hold", "--all", "--reason", "a lawsuit")).Require(ExitCode.Fine).Out;
        Assert.Contains("holds", hold);
        Assert.Contains("a lawsuit", (await book.RunAsync("hold")).Require(ExitCode.Fine).Out);
        var refused = await book.RunAsync("erase", "s-1", "--source", "host", "--reason", "asked for");
        Assert.Contains("a lawsuit", refused.Require(ExitCode.Failed).Error);
        Assert.Contains("--reason", (await book.RunAsync("erase", "s-1")).Require(ExitCode.WrongUse).Error);
        refused = await book.RunAsync("erase", "s-1", "--source", "host", "--call", "call-1", "--reason", "asked for");
        Assert.NotEqual(ExitCode.Fine, refused.ExitCode);
        (await book.RunAsync("hold", "--agent", "bot", "--before", "2026-01-01T00:00:00Z", "--reason", "another")).Require(ExitCode.Fine);
        Assert.Contains("2026-01-01", (await book.RunAsync("hold")).Require(ExitCode.Fine).Out);
        var asked = await book.RunAsync("hold", "--lift", hold.Split('\t')[0], "--reason", "over");
        Assert.Contains("lifting was asked for", asked.Require(ExitCode.Fine).Out);
        Assert.Empty((await book.RunAsync("erase")).Require(ExitCode.Fine).OutLines.Skip(1));
    }

    [Fact]
    public async Task a_log_that_is_newer_than_the_journal_is_named()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var older = await File.ReadAllBytesAsync(book.PathOf("journal.db"));
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-2", 2)]);
        await book.StopNodeAsync();
        await File.WriteAllBytesAsync(book.PathOf("journal.db"), older);
        Assert.Contains("the log is newer than the journal", (await book.RunAsync("doctor")).Require(ExitCode.Failed).Out);
    }

    [PostgresFact]
    public async Task a_database_is_put_back_in_another_and_in_a_file()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var other = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync(TwoCalls);
        await BackUpAsync(book, "--store", book.Store);
        var store = "postgres:" + other.ConnectionString;
        await RestoreAsync(book, ExitCode.Fine, "--store", store);
        await VerifyAsync(book, directory.File("data"), "--store", store);
        await RestoreAsync(book, ExitCode.WrongUse, "--store", store);
        (await InProcess.RunAsync(
            "restore", "--from", Rows, "--keys-from", Keys, "--reason", "to a file", "--data", directory.File("as-file"),
            "--row-key", book.PathOf("row.key"))).Require(ExitCode.Fine);
        await VerifyAsync(book, directory.File("as-file"));
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        directory.Dispose();
    }

    private async Task BackUpAsync(SealedBook book, params string[] more) =>
        (await book.RunAsync(["backup", "--to", Rows, "--keys-to", Keys, .. more])).Require(ExitCode.Fine);

    private async Task<CommandResult> RestoreAsync(SealedBook book, int exitCode, params string[] more) =>
        (await InProcess.RunAsync(Restoring(book, more))).Require(exitCode);

    private string[] Restoring(SealedBook book, params string[] more) =>
    [
        "restore", "--from", Rows, "--keys-from", Keys, "--reason", "the disk was lost", "--data", directory.File("data"),
        "--row-key", book.PathOf("row.key"), .. more,
    ];

    private static async Task<CommandResult> VerifyAsync(SealedBook book, string data, params string[] more) =>
        (await InProcess.RunAsync(["verify", "--data", data, "--row-key", book.PathOf("row.key"), .. more])).Require(ExitCode.Fine);

    private static async Task RequireReadyAsync(RunningNode node, int status)
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"{node.Urls[0]}/health/ready"));
        Assert.Equal(status, (int)answer.StatusCode);
    }
}
