using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>What an earlier program wrote is read for ever, and what a newer one wrote is refused.</summary>
public sealed class UpgradeTests : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private static string Golden { get; } = Path.Combine(AppContext.BaseDirectory, "Verify", "GoldenBook");

    /// <summary>
    /// A book with rows of version 2, as a backup of the demo and of a flood: it was made once, and is never made again.
    /// The hashes of all of its rows come to its signed checkpoint, and what was judged is judged so still.
    /// </summary>
    [Fact]
    public async Task the_golden_book_is_put_back_verifies_and_says_what_it_always_said()
    {
        var (data, key) = (directory.File("data"), Path.Combine(Golden, "row.key"));
        var restored = (await InProcess.RunAsync(
            "restore", "--from", Path.Combine(Golden, "rows"), "--keys-from", Path.Combine(Golden, "keys"), "--reason", "golden",
            "--data", data, "--row-key", key)).Require(ExitCode.Fine);
        Assert.Contains("verified      276 entries of the log audit.local/demo", restored.Out);
        (await InProcess.RunAsync("verify", "--data", data, "--row-key", key, "--read-models")).Require(ExitCode.Fine);
        var exported = (await InProcess.RunAsync("export", "--data", data, "--row-key", key, "--format", "ndjson")).Require(ExitCode.Fine);
        var rows = exported.OutLines.Take(277).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var verdicts = string.Concat(rows.Select(VerdictOf));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Golden, "verdicts.txt")), verdicts);
    }

    [Fact]
    public async Task what_a_start_would_do_is_said_and_a_newer_schema_is_refused()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 1)]);
        var said = (await book.RunAsync("migrate", "--check")).Require(ExitCode.Fine).Out;
        Assert.Contains("journal       version 5 of 5: opened as it is", said);
        Assert.Contains("rows          of version 2", said);
        Assert.Contains("--check", (await book.RunAsync("migrate")).Require(ExitCode.WrongUse).Error);

        // What is made of the rows is made anew, whoever made it.
        await ChangeAsync(book.PathOf("journal-read.db"), "UPDATE version SET version = version - 1");
        Assert.Contains("made anew from the rows", (await book.RunAsync("migrate", "--check")).Require(ExitCode.Failed).Out);
        foreach (var (file, name, values) in ((string, string, string)[])[
            ("journal-log.db", "log", "99, 'later'"), ("journal.db", "journal", "99, 'later', ''")])
        {
            await ChangeAsync(book.PathOf(file), $"INSERT INTO schema_version VALUES ({values})");
            var refused = (await book.RunAsync("migrate", "--check")).Require(ExitCode.WrongUse);
            Assert.Contains($"The {name} of ", refused.Error);
            Assert.Contains("schema version 99", refused.Error);
            Assert.Contains("Use the newer program", refused.Error);
            var start = await Assert.ThrowsAnyAsync<Exception>(() => InProcess.ServeAsync(book.PathOf(".")));
            Assert.Contains("schema version 99", start.Message);
        }
    }

    [PostgresFact]
    public async Task on_a_server_too_a_newer_schema_is_refused()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        string[] check = ["migrate", "--check", "--store", book.Store];
        Assert.Contains("there is none yet", (await book.RunAsync(check)).Require(ExitCode.Failed).Out);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 1)]);
        await book.StopNodeAsync();
        (await book.RunAsync(check)).Require(ExitCode.Fine);
        await PostgresServer.ExecuteAsync(
            database.ConnectionString, "INSERT INTO audit_log.schema_version VALUES (99, 'later')");
        Assert.Contains("The log of ", (await book.RunAsync(check)).Require(ExitCode.WrongUse).Error);
    }

    /// <summary>The newer program beside a node of before it, which has nothing of what was cut.</summary>
    [Fact]
    public async Task a_store_of_before_rows_were_cut_is_backed_up_archived_verified_and_brought_on()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 2)]);
        await ChangeAsync(
            book.PathOf("journal.db"),
            """
            DROP TRIGGER journal_no_cut_stream; DROP TRIGGER journal_no_delete; DROP TABLE journal_cut; DROP TABLE journal_cut_stream;
            CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append-only'); END;
            DELETE FROM schema_version WHERE version = 5
            """);
        await KeepAsync(book);
    }

    [PostgresFact]
    public async Task a_database_of_before_rows_were_cut_is_backed_up_archived_verified_and_brought_on()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 2)]);
        await book.StopNodeAsync();
        await PostgresServer.ExecuteAsync(
            database.ConnectionString,
            """
            DROP TRIGGER journal_delete_cut ON journal; DROP TRIGGER journal_closed ON journal; DROP TABLE journal_cut, journal_cut_stream;
            DROP FUNCTION journal_refuse_delete, journal_refuse_cut_stream, journal_act_of, journal_held_by, journal_cut_rows;
            DELETE FROM schema_version WHERE version = 8
            """);
        await KeepAsync(book, "--store", book.Store);
    }

    private async Task KeepAsync(SealedBook book, params string[] more)
    {
        string[] backup = ["backup", "--to", directory.File("backup"), "--keys-to", directory.File("keys"), .. more],
            archive = ["archive", "--before", "0d", "--to", directory.File("archive"), "--keys-to", directory.File("apart"), .. more];
        (await book.RunAsync(["migrate", "--check", .. more])).Require(ExitCode.Failed);
        // Twice: the second goes on with the first.
        foreach (var command in new[] { backup, backup, archive, archive, ["verify", .. more] })
        {
            (await book.RunAsync(command)).Require(ExitCode.Fine);
        }

        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-2", 1)]);
        foreach (var command in new[] { backup, archive, ["verify", .. more], ["migrate", "--check", .. more] })
        {
            (await book.RunAsync(command)).Require(ExitCode.Fine);
        }

        (await InProcess.RunAsync(
            "restore", "--from", directory.File("backup"), "--keys-from", directory.File("keys"), "--reason", "a trial", "--data",
            directory.File("restored"), "--row-key", book.PathOf("row.key"))).Require(ExitCode.Fine);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        directory.Dispose();
    }

    /// <summary>Where a row lies, what it is, what was judged, and a hash of all that it says.</summary>
    private static string VerdictOf(JsonElement row)
    {
        var said = row.GetProperty("event");
        var judged = string.Join(' ', new[] { "from", "to", "cause", "attempt", "anomalies" }
            .Where(name => said.TryGetProperty(name, out _)).Select(name => $"{name}={said.GetProperty(name).GetRawText()}"));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(said.GetRawText())).AsSpan(0, 8));
        return $"{row.GetProperty("position")} {row.GetProperty("stream")} {row.GetProperty("sequence")} {row.GetProperty("manifest")} {hash} {judged}\n";
    }

    private static async Task ChangeAsync(string file, string sql)
    {
        await using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        await connection.OpenAsync();
        await using var change = connection.CreateCommand();
        change.CommandText = sql;
        await change.ExecuteNonQueryAsync();
    }
}
