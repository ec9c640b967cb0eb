using Audit.Integrity.Tests.Support;

namespace Audit.Integrity.Tests.Verification;

public sealed class SqliteTamperTests : TamperMatrix
{
    private SqliteBook Sqlite => (SqliteBook)Book;

    protected override Task<Book> CreateAsync() => Task.FromResult<Book>(new SqliteBook());

    [Fact]
    public async Task a_row_replaced_with_the_guard_dropped_is_found()
    {
        await Book.SealAsync(700);
        await Book.TamperAsync(
            """
            INSERT OR REPLACE INTO journal
            SELECT ordering, created, deleted, persistence_id, sequence_number, @message, manifest, identifier, writer_uuid
            FROM journal WHERE ordering = 400
            """,
            ("message", "{}"u8.ToArray()));
        await AssertFoundAsync(IntegrityFaultKind.RowChanged, 400);
    }

    [Fact]
    public async Task a_row_replaced_under_a_new_position_is_found_where_it_was()
    {
        await Book.SealAsync(700);
        await Book.TamperAsync(
            """
            INSERT OR REPLACE INTO journal
            SELECT 100000, created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid
            FROM journal WHERE ordering = 400
            """);
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, 400);
    }

    [Fact]
    public async Task a_journal_restored_from_an_older_backup_is_found_by_verification_and_by_the_sealer()
    {
        await Book.SealAsync(500);
        var backup = Sqlite.BackUp(Sqlite.JournalPath);
        await Book.SealAsync(200);
        SqliteBook.Restore(backup);
        await AssertFoundAsync(IntegrityFaultKind.RowsMissing, 501);
        Assert.Equal(700, (await Book.HaltedAsync()).Position);
    }

    [Fact]
    public async Task journal_and_log_restored_together_are_found_by_the_nodes_own_memory()
    {
        await Book.SealAsync(500);
        var backup = Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        await Book.SealAsync(200);
        SqliteBook.Restore(backup);
        Assert.Contains((await Book.VerifyAsync()).Integrity.Faults, fault => fault.Kind == IntegrityFaultKind.SetBack);
        var halted = await Book.HaltedAsync();
        Assert.Contains("a checkpoint of 700 was signed", halted.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task a_journal_restored_and_grown_beyond_what_was_signed_is_found()
    {
        await Book.SealAsync(500);
        var backup = Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        await Book.SealAsync(200);
        SqliteBook.Restore(backup);
        await Book.AppendAsync(300);
        Assert.Contains("not those over which", (await Book.HaltedAsync()).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task the_log_lost_alone_is_made_again_from_the_rows_and_comes_to_the_root_that_was_signed()
    {
        await Book.SealAsync(700);
        foreach (var file in Directory.GetFiles(Book.Data, "journal-log.db*"))
        {
            File.Delete(file);
        }

        await Book.SealAsync(10);
        Assert.True((await Book.VerifyAsync()).Integrity.IsIntact);
    }

    [Fact]
    public async Task a_store_beside_which_no_file_can_be_made_is_verified_and_left_as_it_is()
    {
        await Book.SealAsync(300);
        Sqlite.BackUp(Sqlite.JournalPath, Sqlite.LogPath);
        foreach (var path in (string[])[Sqlite.JournalPath, Sqlite.LogPath])
        {
            // A directory in the place of each of SQLite's own files keeps everybody from making it, also root.
            Directory.CreateDirectory(path + "-wal");
            Directory.CreateDirectory(path + "-shm");
        }

        using (var reader = SqliteDatabase.OpenReader(Sqlite.JournalPath))
        {
            Assert.Throws<SqliteFailure>(() => reader.Execute("SELECT count(*) FROM journal"));
        }

        var before = Entries();
        var integrity = (await Book.VerifyAsync()).Integrity;
        Assert.True(integrity.IsIntact);
        Assert.Equal(300, integrity.Rows);
        Assert.Equal(before, Entries());
    }

    private List<(string Path, string Content)> Entries() =>
    [
        .. Directory.GetFileSystemEntries(Book.Data, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Select(path => (path, Directory.Exists(path) ? "" : Convert.ToHexString(File.ReadAllBytes(path)))),
    ];
}
