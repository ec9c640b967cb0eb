using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

public sealed class SqliteTamperTests : TamperMatrix
{
    private SqliteBook Sqlite => (SqliteBook)Book;

    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());

    [Fact]
    public async Task a_row_replaced_with_the_guard_dropped_is_found()
    {
        await Book.AppendAsync(700);
        await Book.SealAsync();
        await Book.TamperAsync(
            """
            INSERT OR REPLACE INTO journal
            SELECT ordering, created, deleted, persistence_id, sequence_number, @message, manifest, identifier, writer_uuid
            FROM journal WHERE ordering = 400
            """,
            ("message", "{}"u8.ToArray()));
        var verdict = await Book.VerifyAsync();
        Assert.Equal((IntegrityFaultKind.RowChanged, 400L), (verdict.Integrity.Faults[0].Kind, verdict.Integrity.FirstBadPosition));
    }

    [Fact]
    public async Task a_row_replaced_under_a_new_position_is_found_where_it_was()
    {
        await Book.AppendAsync(700);
        await Book.SealAsync();
        await Book.TamperAsync(
            """
            INSERT OR REPLACE INTO journal
            SELECT 100000, created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid
            FROM journal WHERE ordering = 400
            """);
        var verdict = await Book.VerifyAsync();
        Assert.Equal((IntegrityFaultKind.RowsMissing, 400L), (verdict.Integrity.Faults[0].Kind, verdict.Integrity.FirstBadPosition));
    }

    [Fact]
    public async Task a_journal_restored_from_an_older_backup_is_found_by_verification_and_by_the_sealer()
    {
        await Book.AppendAsync(500);
        await Book.SealAsync();
        var backup = Sqlite.BackUp(Sqlite.JournalPath);
        await Book.AppendAsync(200);
        await Book.SealAsync();
        SqliteBook.Restore(backup);
        var verdict = await Book.VerifyAsync();
        Assert.Equal((IntegrityFaultKind.RowsMissing, 501L), (verdict.Integrity.Faults[0].Kind, verdict.Integrity.FirstBadPosition));
        Assert.Equal(700, (await Book.HaltedAsync()).Position);
    }

    [Fact]
    public async Task journal_and_log_restored_together_are_found_by_the_nodes_own_memory()
    {
        await Book.AppendAsync(500);
        await Book.SealAsync();
        var backup = Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        await Book.AppendAsync(200);
        await Book.SealAsync();
        SqliteBook.Restore(backup);
        Assert.Contains((await Book.VerifyAsync()).Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.SetBack);
        var halted = await Book.HaltedAsync();
        Assert.Contains("a checkpoint of 700 was signed", halted.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_journal_restored_and_grown_beyond_what_was_signed_is_found()
    {
        await Book.AppendAsync(500);
        await Book.SealAsync();
        var backup = Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        await Book.AppendAsync(200);
        await Book.SealAsync();
        SqliteBook.Restore(backup);
        await Book.AppendAsync(300);
        Assert.Contains("not those over which", (await Book.HaltedAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_log_lost_alone_is_made_again_from_the_rows_and_comes_to_the_root_that_was_signed()
    {
        await Book.AppendAsync(700);
        await Book.SealAsync();
        foreach (var file in Directory.GetFiles(Book.Data, "journal-log.db*"))
        {
            File.Delete(file);
        }

        await Book.AppendAsync(10);
        await Book.SealAsync();
        Assert.True((await Book.VerifyAsync()).Integrity.IsIntact);
    }

    [Fact]
    public async Task a_store_on_a_place_where_nothing_can_be_written_is_verified()
    {
        await Book.AppendAsync(300);
        await Book.SealAsync();
        Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        var uri = SqliteImmutable.UriOf(Sqlite.JournalPath);
        Assert.True(SqliteImmutable.MayBe(Sqlite.JournalPath));
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={uri};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync();
        await using var command = new Microsoft.Data.Sqlite.SqliteCommand("SELECT count(*) FROM journal", connection);
        Assert.Equal(300L, await command.ExecuteScalarAsync());
    }
}
