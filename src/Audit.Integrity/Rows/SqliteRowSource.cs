namespace Audit.Integrity.Rows;

/// <summary>
/// The rows of a SQLite store, over a connection that can only read: it takes no lock file and does not keep a node
/// from writing. Each batch is a transaction of its own, so that the node's write-ahead log can be taken in meanwhile.
/// </summary>
internal sealed class SqliteRowSource : IRowSource
{
    private const string PageSql = """
        SELECT ordering, sequence_number, created, identifier, deleted, persistence_id, manifest, message, 0
        FROM journal WHERE ordering >= $1 ORDER BY ordering
        """;

    private const string PageWithCutSql = """
        SELECT ordering, sequence_number, created, identifier, deleted, persistence_id, manifest, message, 0
        FROM journal WHERE ordering >= $1
        UNION ALL
        SELECT ordering, sequence_number, created, NULL, 0, '', '', hashes, disposal FROM journal_cut
        WHERE ordering >= $1
        ORDER BY 1
        """;

    private const string CutsSql = "SELECT count(*) FROM sqlite_master WHERE name = 'journal_cut'",
        AnyCutSql = "SELECT 1 FROM journal_cut LIMIT 1";

    private const string StreamSql =
        $"SELECT {JournalTable.Columns} FROM journal WHERE persistence_id = $1 ORDER BY sequence_number";

    private readonly string path;
    private readonly SqliteDatabase database;
    // From the least there is: nobody shall hide a row where positions usually do not begin.
    private long? next = long.MinValue;

    private SqliteRowSource(string path, SqliteDatabase database)
    {
        this.path = path;
        this.database = database;
    }

    public static SqliteRowSource Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new StoreException($"There is no file {path}.");
        }

        var database = Guard(path, () => SqliteDatabase.OpenAnywhere(path));
        try
        {
            Guard(path, () => database.Statement(PageSql));
            return new SqliteRowSource(path, database);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    public Task SeekAsync(long position, CancellationToken cancellation)
    {
        next = position;
        return Task.CompletedTask;
    }

    public Task FillAsync(RowBatch batch, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (next is { } from)
        {
            next = Guard(path, () => Fill(batch, from), () => LastOf(batch) ?? (from > 0 ? from - 1 : 0));
        }

        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<JournalRow>> ReadStreamsAsync(
        IReadOnlyCollection<string> streams, CancellationToken cancellation)
    {
        var (read, rows) = (new JournalRows(), new List<JournalRow>());
        foreach (var stream in streams)
        {
            cancellation.ThrowIfCancellationRequested();
            Guard(path, () =>
            {
                SqliteSession.ReadAll(database.Statement(StreamSql).Bind(1, stream), read.Read, rows);
                return rows;
            });
        }

        return Task.FromResult<IReadOnlyList<JournalRow>>(rows);
    }

    public ValueTask DisposeAsync()
    {
        database.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <returns>Where to go on; null at the end.</returns>
    private long? Fill(RowBatch batch, long from)
    {
        // In one snapshot, so that no row is cut between the question and the answer.
        database.Execute("BEGIN");
        var hasCut = database.Statement(CutsSql).RunForNumber() > 0 && database.Statement(AnyCutSql).RunForNumber() > 0;
        var page = database.Statement(hasCut ? PageWithCutSql : PageSql).Bind(1, from);
        try
        {
            while (!batch.IsFull && page.Step())
            {
                if (page.Number(0) < from || page.Number(0) <= LastOf(batch))
                {
                    throw SqliteFailure.OutOfOrder(page.Number(0), LastOf(batch) ?? from);
                }

                batch.AddWithCut(page);
            }
        }
        finally
        {
            page.Reset();
            database.RollBack();
        }

        var last = LastOf(batch) ?? long.MaxValue;
        return last == long.MaxValue ? null : last + 1;
    }

    private static long? LastOf(RowBatch batch) => batch.Count == 0 ? null : batch[batch.Count - 1].Position;

    /// <param name="reached">The last position that was read, where that is known.</param>
    private static T Guard<T>(string path, Func<T> work, Func<long>? reached = null)
    {
        try
        {
            return work();
        }
        catch (SqliteFailure failure) when (failure.IsDamage && reached is not null)
        {
            throw new StoreDamagedException(
                $"The store sqlite:{path} is damaged next to position {reached()}: {failure.Reason}.", reached(),
                failure);
        }
        catch (SqliteFailure failure)
        {
            throw new StoreException($"The store sqlite:{path} cannot be read: {failure.Reason}.", failure);
        }
    }
}
