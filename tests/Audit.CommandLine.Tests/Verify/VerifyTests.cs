using System.Buffers.Binary;
using System.Text.Json;
using Audit.Journal;
using Audit.Journal.Stores;
using Audit.Storage;

namespace Audit.CommandLine.Tests.Verify;

public sealed class VerifyTests
{
    private static readonly string[] TwoCalls = [.. Records.Items("s-1", 2)];

    [Fact]
    public async Task a_store_is_verified_while_its_node_runs_and_after_it()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        var live = (await book.VerifyAsync(ExitCode.Fine)).GetProperty("integrity");
        Assert.Equal("data_directory", live.GetProperty("key_trust").GetString());
        Assert.True(live.GetProperty("size").GetInt64() >= 5);

        await book.StopNodeAsync();
        var left = (await book.VerifyAsync(ExitCode.Fine, "--store", book.Store)).GetProperty("integrity");
        Assert.Equal(7, left.GetProperty("size").GetInt64());
        Assert.Equal(0, left.GetProperty("unsealed_rows").GetInt64());
        Assert.Equal(0, left.GetProperty("faults").GetArrayLength());
    }

    [Fact]
    public async Task a_changed_byte_fails_the_verification_and_its_position_is_named()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        book.ChangeByte(3);
        var integrity = (await book.VerifyAsync(ExitCode.VerificationFailed)).GetProperty("integrity");
        Assert.Equal(3, integrity.GetProperty("first_bad_position").GetInt64());
        Assert.Equal("row_changed", integrity.GetProperty("faults")[0].GetProperty("kind").GetString());

        var said = (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed).OutLines;
        Assert.Equal("integrity     FAILED, first at position 3", said[0]);
        Assert.Contains("position 3", said[1], StringComparison.Ordinal);
        Assert.Contains(said, line => line.StartsWith("completeness  ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task a_bundle_verifies_with_the_key_that_the_auditor_has()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var bundle = book.PathOf("bundle.zip");
        (await book.RunAsync("export", "--bundle", bundle)).Require(ExitCode.Fine);
        var integrity = (await book.VerifyAsync(ExitCode.Fine, "--bundle", bundle, "--key", book.Key)).GetProperty("integrity");
        Assert.Equal("given", integrity.GetProperty("key_trust").GetString());
        Assert.Equal(7, integrity.GetProperty("rows").GetInt64());

    }

    [Fact]
    public async Task a_bundle_checked_with_the_key_that_it_encloses_is_not_called_intact()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var bundle = book.PathOf("bundle.zip");
        (await book.RunAsync("export", "--bundle", bundle)).Require(ExitCode.Fine);
        var said = (await book.RunAsync("verify", "--bundle", bundle)).Require(ExitCode.KeyNotGiven).OutLines;
        Assert.Equal("integrity     consistent, but the key is the bundle's own: give --key", said[0]);
        Assert.Equal("enclosed", (await book.VerifyAsync(ExitCode.KeyNotGiven, "--bundle", bundle)).GetProperty("integrity").GetProperty("key_trust").GetString());
    }

    [Fact]
    public async Task a_bundle_of_a_changed_journal_fails_as_the_journal_does()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        book.ChangeByte(3);
        var bundle = book.PathOf("bundle.zip");
        (await book.RunAsync("export", "--bundle", bundle, "--store", book.Store)).Require(ExitCode.Fine);
        var integrity = (await book.VerifyAsync(ExitCode.VerificationFailed, "--bundle", bundle)).GetProperty("integrity");
        Assert.Equal(3, integrity.GetProperty("first_bad_position").GetInt64());
    }

    [Fact]
    public async Task a_node_elsewhere_is_verified_and_exported_by_its_address()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        string[] there = ["--server", book.Url.ToString(), "--token-file", book.TokenFile];
        var integrity = (await book.VerifyAsync(ExitCode.Fine, [.. there, "--key", book.Key])).GetProperty("integrity");
        Assert.True(integrity.GetProperty("size").GetInt64() >= 5);

        var bundle = book.PathOf("bundle.zip");
        (await book.RunAsync(["export", "--bundle", bundle, .. there])).Require(ExitCode.Fine);
        await book.VerifyAsync(ExitCode.Fine, "--bundle", bundle, "--key", book.Key);
    }

    [Fact]
    public async Task a_kept_checkpoint_must_be_continued()
    {
        await using var book = await SealedBook.StartAsync(TwoCalls);
        var kept = book.KeepCheckpoint("kept");
        await book.SendAsync([.. Records.Items("s-2", 2)]);
        var integrity = (await book.VerifyAsync(ExitCode.Fine, "--since", kept)).GetProperty("integrity");
        Assert.True(integrity.GetProperty("continues_size").GetInt64() < integrity.GetProperty("size").GetInt64());

        await using var other = await SealedBook.LeftAsync(TwoCalls);
        var faults = (await other.VerifyAsync(ExitCode.VerificationFailed, "--since", kept)).GetProperty("integrity").GetProperty("faults");
        Assert.NotEqual(0, faults.GetArrayLength());
    }

    [Fact]
    public async Task another_key_than_the_given_one_fails_the_verification()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        await using var other = await SealedBook.LeftAsync(TwoCalls);
        var integrity = (await book.VerifyAsync(ExitCode.VerificationFailed, "--key", other.Key)).GetProperty("integrity");
        Assert.Equal("not_signed", integrity.GetProperty("faults")[0].GetProperty("kind").GetString());
    }

    [Fact]
    public async Task what_hosts_left_out_is_reported_and_fails_only_where_it_was_asked_to()
    {
        await using var book = await SealedBook.LeftAsync(Numbered(1, "c-1"), Numbered(4, "c-2"));
        var completeness = (await book.VerifyAsync(ExitCode.Fine)).GetProperty("completeness");
        Assert.False(completeness.GetProperty("is_complete").GetBoolean());
        var gap = Assert.Single(completeness.GetProperty("gaps").EnumerateArray());
        Assert.Equal((2, 3), (gap.GetProperty("first").GetInt32(), gap.GetProperty("last").GetInt32()));

        var said = (await book.RunAsync("verify", "--require-complete")).Require(ExitCode.VerificationFailed).Out;
        Assert.Contains("integrity     intact", said, StringComparison.Ordinal);
        Assert.Contains("session s-1 of admin: 2 to 3 of the token admin", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_store_that_is_gone_or_empty_shows_nothing()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        foreach (var file in Directory.GetFiles(book.PathOf("."), "journal*.db*"))
        {
            File.Delete(file);
        }

        var gone = (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed);
        Assert.Contains("log.checkpoint remembers a log over one", Assert.Single(gone.ErrorLines), StringComparison.Ordinal);
        // Nor does a place where nothing remembers any, or that is not there.
        File.Delete(book.PathOf("log.checkpoint"));
        (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed);
        var wrong = (await InProcess.RunAsync("verify", "--data", book.PathOf("nowhere"))).Require(ExitCode.VerificationFailed);
        Assert.Contains("There is no store sqlite:", Assert.Single(wrong.ErrorLines), StringComparison.Ordinal);
        Assert.False(Directory.Exists(book.PathOf("nowhere")));
    }

    [Fact]
    public async Task what_is_no_bundle_and_what_has_no_log_end_with_a_sentence()
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        var notes = (await book.RunAsync("verify", "--bundle", book.PathOf("log.key.pub"))).Require(ExitCode.VerificationFailed);
        Assert.Contains("is no bundle", Assert.Single(notes.ErrorLines), StringComparison.Ordinal);
        foreach (var file in Directory.GetFiles(book.PathOf("."), "journal-log.db*"))
        {
            File.Delete(file);
        }

        Assert.Contains(
            "nothing was sealed", (await book.RunAsync("export", "--bundle", book.PathOf("b"))).Require(ExitCode.Failed).Error,
            StringComparison.Ordinal);
        var kinds = (await book.VerifyAsync(ExitCode.VerificationFailed)).GetProperty("integrity").GetProperty("faults");
        Assert.Contains(kinds.EnumerateArray(), fault => fault.GetProperty("kind").GetString() == "no_log");
    }

    [Theory]
    [InlineData("journal.db", "journal")]
    [InlineData("journal-log.db", "log")]
    public async Task a_journal_or_a_log_that_is_none_ends_with_4(string file, string what)
    {
        await using var book = await SealedBook.LeftAsync(TwoCalls);
        foreach (var old in Directory.GetFiles(book.PathOf("."), file + "*"))
        {
            File.Delete(old);
        }

        await File.WriteAllTextAsync(book.PathOf(file), $"this is no {what}, whatever its name says, and no database either");
        Assert.Single((await book.RunAsync("verify")).Require(ExitCode.VerificationFailed).ErrorLines);
        Assert.Single((await book.RunAsync("verify", "--store", book.Store)).Require(ExitCode.VerificationFailed).ErrorLines);
    }

    [Fact]
    public async Task a_page_of_the_journal_that_is_damaged_ends_with_4()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 200)]);
        await using (var journal = new FileStream(book.PathOf("journal.db"), FileMode.Open, FileAccess.Write))
        {
            journal.Position = journal.Length / 2;
            await journal.WriteAsync(new byte[3 * 4096]);
        }

        (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed);
    }

    [Fact]
    public async Task rows_that_lost_their_numbers_are_not_read_for_ever()
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 200)]);
        var file = await File.ReadAllBytesAsync(book.PathOf("journal.db"));
        EmptyRows(file, file.Length / 2);
        await File.WriteAllBytesAsync(book.PathOf("journal.db"), file);
        var result = await book.RunAsync("verify").WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Contains("damaged next to position", Assert.Single(result.Require(ExitCode.VerificationFailed).ErrorLines));
        await using var store = await AuditStore.OpenAsync(
            book.Store, isNew => RowKeys.Open(book.PathOf("row.key"), isNew), CancellationToken.None);
        var reads = 0;
        try
        {
            // It ends where no row is found any more, or with the place; either way it ends.
            for (long? position = 0; position is { } after; reads++)
            {
                Assert.InRange(reads, 0, 1000);
                var rows = await store.Journal.ReadAfterAsync(after, 50, long.MaxValue, CancellationToken.None);
                Assert.All(rows, row => Assert.True(row.Position > after));
                position = rows.Count == 0 ? null : rows[^1].Position;
            }
        }
        catch (JournalUnavailableException damage)
        {
            Assert.Equal(JournalTrouble.Damaged, damage.Trouble);
        }

        Assert.NotEqual(0, reads);
    }

    /// <summary>What is done to each file that a node left, as a bad disk or a clumsy hand does it.</summary>
    [Theory]
    [InlineData("journal.db")]
    [InlineData("journal-log.db")]
    [InlineData("log.checkpoint")]
    [InlineData("log.key.pub")]
    [InlineData("row.key")]
    public async Task whatever_is_done_to_a_file_ends_with_4_where_integrity_is_not_shown(string file)
    {
        await using var book = await SealedBook.LeftAsync([.. Records.Items("s-1", 60)]);
        (await book.RunAsync("verify")).Require(ExitCode.Fine);
        var path = book.PathOf(file);
        var content = await File.ReadAllBytesAsync(path);
        var rows = book.Rows();
        var chance = new Random(file.Length);
        var failed = 0;
        foreach (var damage in Damages(content, chance))
        {
            await File.WriteAllBytesAsync(path, damage);
            var result = await book.RunAsync("verify");
            if (result.ExitCode == ExitCode.Fine)
            {
                // What was hit is read by nobody: all that was sealed is there as it was.
                Assert.Equal(rows, book.Rows());
            }
            else
            {
                result.Require(ExitCode.VerificationFailed);
                failed++;
            }

            foreach (var left in (string[])["-wal", "-shm"])
            {
                File.Delete(path + left);
            }
        }

        Assert.InRange(failed, 8, int.MaxValue);
    }

    /// <summary>Leaves in the pages of rows behind a place the list of the rows, and of the rows themselves nothing.</summary>
    private static void EmptyRows(byte[] file, int behind)
    {
        const int Page = 4096, LeafOfTable = 13, Header = 8;
        for (var at = behind / Page * Page; at < file.Length; at += Page)
        {
            var rows = BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 3));
            if (file[at] == LeafOfTable && rows > 0)
            {
                file.AsSpan(at + Header + (2 * rows), Page - Header - (2 * rows)).Clear();
            }
        }
    }

    private static IEnumerable<byte[]> Damages(byte[] content, Random chance)
    {
        foreach (var length in (int[])[0, 1, content.Length / 3, content.Length - 1])
        {
            yield return content[..length];
        }

        yield return new byte[content.Length];
        yield return [.. content, 0];
        for (var tries = 0; tries < 20; tries++)
        {
            var (from, length) = (chance.Next(content.Length), chance.Next(1, 2 * content.Length / 3));
            var damaged = content.ToArray();
            var hit = damaged.AsSpan(from, Math.Min(length, content.Length - from));
            if (tries % 2 == 0)
            {
                hit.Clear();
            }
            else
            {
                chance.NextBytes(hit);
            }

            yield return damaged;
        }
    }

    [PostgresFact]
    public async Task whatever_is_gone_in_postgresql_ends_with_4()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 20)]);
        await book.StopNodeAsync();
        (await book.RunAsync("verify", "--store", book.Store)).Require(ExitCode.Fine);
        var server = await PostgresServer.ConnectionStringAsync();
        foreach (var damage in (string[])
        [
            "DROP TABLE journal CASCADE", "DROP SCHEMA audit_log CASCADE", "DROP TABLE audit_log.tile CASCADE",
            "DROP TABLE audit_log.checkpoint CASCADE", "DELETE FROM audit_log.checkpoint", "DELETE FROM audit_log.tile",
            "UPDATE audit_log.tile SET hashes = decode(repeat('00', octet_length(hashes)), 'hex')",
            "ALTER TABLE journal DISABLE TRIGGER ALL; DELETE FROM journal WHERE ordering = 7",
            "ALTER TABLE journal DISABLE TRIGGER ALL; TRUNCATE journal", "ALTER TABLE journal DROP COLUMN message",
            "DROP TABLE payload_keys CASCADE", "DROP SCHEMA public CASCADE",
        ])
        {
            await using var copy = await PostgresServer.CreateDatabaseAsync(database.Name);
            await PostgresServer.ExecuteAsync(copy.ConnectionString, damage);
            var result = await book.RunAsync("verify", "--store", "postgres:" + copy.ConnectionString);
            Assert.True(result.ExitCode == ExitCode.VerificationFailed, $"{result.ExitCode} after {damage}: {result.Error}");
        }

        var gone = new Npgsql.NpgsqlConnectionStringBuilder(server) { Database = "nobody_made_it" }.ConnectionString;
        (await book.RunAsync("verify", "--store", "postgres:" + gone)).Require(ExitCode.VerificationFailed);
        (await book.RunAsync("verify", "--store", "postgres:Host=127.0.0.1;Port=1;Username=nobody")).Require(ExitCode.VerificationFailed);
    }

    [Fact]
    public async Task what_stands_for_all_is_shown_as_no_number()
    {
        var help = (await InProcess.RunAsync("verify", "--help")).Require(ExitCode.Fine).Out;
        Assert.Contains("how many of the witnesses must have, default all", help, StringComparison.Ordinal);
        Assert.DoesNotContain("[default: 0]", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_data_directory_knows_the_store_that_its_node_had()
    {
        using var elsewhere = new TemporaryDirectory();
        using var data = new TemporaryDirectory();
        var store = "sqlite:" + elsewhere.File("book.db");
        await using (await NodeHost.StartAsync(new NodeOptions { Store = store, Data = data.Path, Urls = "http://127.0.0.1:0" }))
        {
            Assert.Equal(store, (await File.ReadAllTextAsync(data.File("store"))).Trim());
        }

        // Whether so short a life was sealed is not asked here.
        Assert.Contains("  rows        ", (await InProcess.RunAsync("verify", "--data", data.Path)).Out, StringComparison.Ordinal);
        await File.WriteAllTextAsync(data.File("store"), "nonsense");
        Assert.Contains("give it with --store", (await InProcess.RunAsync("verify", "--data", data.Path)).Require(ExitCode.WrongUse).Error, StringComparison.Ordinal);
    }

    [PostgresFact]
    public async Task a_node_on_postgres_is_verified_by_its_data_directory_which_has_no_password()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        using var data = new TemporaryDirectory();
        var password = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString).Password!;
        var store = "postgres:" + database.ConnectionString;
        await using (await NodeHost.StartAsync(new NodeOptions { Store = store, Data = data.Path, Urls = "http://127.0.0.1:0" }))
        {
            var noted = await File.ReadAllTextAsync(data.File("store"));
            Assert.StartsWith("postgres:", noted, StringComparison.Ordinal);
            Assert.DoesNotContain("Password", noted, StringComparison.Ordinal);
        }

        // As for every program that speaks to PostgreSQL.
        Environment.SetEnvironmentVariable("PGPASSWORD", password);
        var said = await InProcess.RunAsync("verify", "--data", data.Path);
        Assert.Contains("  rows        ", said.Out, StringComparison.Ordinal);
    }

    private static string Numbered(int seq, string call) =>
        $$"""{"session_id":"s-1","seq":{{seq}},"record":{{Records.Requested(call)}}}""";
}
