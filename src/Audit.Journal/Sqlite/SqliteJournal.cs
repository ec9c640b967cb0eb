using SQLitePCL;

namespace Audit.Journal.Sqlite;

/// <summary>The journal in a SQLite file: one writer on its own thread, readers beside it.</summary>
internal sealed class SqliteJournal : IJournal
{
    private const string AfterSql =
        $"SELECT {JournalTable.Columns} FROM journal WHERE ordering > ?1 ORDER BY ordering LIMIT ?2";

    private const string BeforeSql =
        $"SELECT {JournalTable.Columns} FROM journal WHERE ordering < ?1 ORDER BY ordering DESC LIMIT ?2";

    private const string StreamSql =
        $"""
        SELECT {JournalTable.Columns} FROM journal
        WHERE persistence_id = ?1 AND sequence_number > ?2 ORDER BY sequence_number LIMIT ?3
        """;

    private const string PositionSql =
        "SELECT ordering FROM journal WHERE persistence_id = ?1 AND sequence_number = ?2";

    private const string RowSql = $"SELECT {JournalTable.Columns} FROM journal WHERE ordering = ?1";

    private const string CutSql = $"{JournalTable.CutStreamsSql} WHERE persistence_id = ?1";

    private const string LastSql = "SELECT max(ordering) FROM journal";

    // A number in the file's header that nobody else uses: it is a page to be written, as rows are.
    private const string TryCommitSql = "PRAGMA user_version";

    /// <summary>With less than this free an append may fail that is as large as appends get.</summary>
    private const long LeastFreeBytes = 4 << 20;

    private readonly SqliteConnections connections;
    private readonly CommitSignal signal;
    private SqliteAppender? appender;

    private SqliteJournal(SqliteConnections connections, FailureLog failures)
    {
        this.connections = connections;
        signal = new CommitSignal(LastPositionAsync, failures);
    }

    public static async Task<SqliteJournal> OpenAsync(
        SqliteConnections connections, FailureLog failures, CancellationToken cancellation)
    {
        var journal = new SqliteJournal(connections, failures);
        journal.appender = await connections.WriteAsync(database => new SqliteAppender(database), cancellation);
        journal.signal.Advance(await journal.LastPositionAsync(cancellation));
        return journal;
    }

    public Task AppendAsync(
        IReadOnlyList<RowToAppend> rows, Memory<long> positions, CancellationToken cancellation) =>
        signal.AppendingAsync(
            rows.Count, positions,
            given => connections.CommitAsync(_ => appender!.Append(rows, given.Span), cancellation), cancellation);

    public Task<IReadOnlyList<IReadOnlyList<JournalRow>>> ReadStreamsAsync(
        IReadOnlyList<StreamKey> streams, CancellationToken cancellation) =>
        connections.ReadAsync<IReadOnlyList<IReadOnlyList<JournalRow>>>(
            database =>
            {
                var found = new IReadOnlyList<JournalRow>[streams.Count];
                for (var i = 0; i < found.Length; i++)
                {
                    found[i] = ReadStream(database, streams[i], 0, int.MaxValue) is { Count: > 0 } rows
                        ? rows
                        : FindCut(database, streams[i]);
                }

                return found;
            },
            cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadStreamAsync(
        StreamKey stream, long afterSequence, int limit, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return connections.ReadAsync(database => ReadStream(database, stream, afterSequence, limit), cancellation);
    }

    public async Task<long[]> ReadPositionsAsync(IReadOnlyList<StreamPlace> places, CancellationToken cancellation)
    {
        if (places.Count == 0)
        {
            return [];
        }

        var positions = await connections.ReadAsync(
            database => places.Select(place => PositionOf(database, place)).ToArray(), cancellation);
        signal.Advance(positions.Max());
        return positions;
    }

    public Task<IReadOnlyList<JournalRow>> ReadAfterAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadPageAsync(AfterSql, position, limit, byteLimit, cancellation);

    public Task<IReadOnlyList<JournalRow>> ReadBeforeAsync(
        long position, int limit, long byteLimit, CancellationToken cancellation) =>
        ReadPageAsync(BeforeSql, position, limit, byteLimit, cancellation, isBackwards: true);

    public Task<JournalRow?> ReadRowAsync(long position, CancellationToken cancellation) =>
        connections.ReadAsync(
            database => ReadAll(database.Statement(RowSql).Bind(1, position), long.MaxValue, position - 1)
                .SingleOrDefault(),
            cancellation);

    public Task<bool> IsCutAsync(long position, CancellationToken cancellation) => connections.ReadAsync(
        database => database.Statement(JournalTable.IsCutSql).Bind(1, position).RunForNumber() > 0, cancellation);

    public Task<long> LastPositionAsync(CancellationToken cancellation) =>
        connections.ReadAsync(database => database.Statement(LastSql).RunForNumber(), cancellation);

    public Task TryCommitAsync(CancellationToken cancellation) => connections.WriteAsync(
        database =>
        {
            RequireRoom(Path.GetDirectoryName(connections.Path)!);
            return database.Transact(writer =>
            {
                var other = 1 - (writer.Statement(TryCommitSql).RunForNumber() & 1);
                writer.Execute($"{TryCommitSql} = {other}");
                return other;
            });
        },
        cancellation);

    public Task<long> WaitForMoreAsync(long position, CancellationToken cancellation) =>
        signal.WaitAsync(position, cancellation);

    public ValueTask DisposeAsync() => connections.DisposeAsync();

    private Task<IReadOnlyList<JournalRow>> ReadPageAsync(
        string sql, long position, int limit, long byteLimit, CancellationToken cancellation, bool isBackwards = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return connections.ReadAsync(
            database => ReadAll(
                database.Statement(sql).Bind(1, position).Bind(2, limit), byteLimit, position, isBackwards),
            cancellation);
    }

    private static void RequireRoom(string directory)
    {
        var free = new DriveInfo(directory).AvailableFreeSpace;
        if (free < LeastFreeBytes)
        {
            throw new JournalUnavailableException(
                $"The disk of {directory} is full: {free} bytes are free, and an append may need {LeastFreeBytes}.",
                null, JournalTrouble.DiskFull);
        }
    }

    private static List<JournalRow> FindCut(SqliteDatabase database, StreamKey stream)
    {
        var found = new List<JournalRow>();
        SqliteSession.ReadAll(
            database.Statement(CutSql).BindText(1, stream.Utf8.Span), JournalRows.OfCut, found);
        return found;
    }

    private static long PositionOf(SqliteDatabase database, StreamPlace place) =>
        database.Statement(PositionSql).BindText(1, place.Stream.Utf8.Span).Bind(2, place.Sequence).RunForNumber();

    private static IReadOnlyList<JournalRow> ReadStream(
        SqliteDatabase database, StreamKey stream, long after, int limit)
    {
        try
        {
            return ReadAll(
                database.Statement(StreamSql).BindText(1, stream.Utf8.Span).Bind(2, after).Bind(3, limit),
                long.MaxValue, after, isStream: true);
        }
        catch (SqliteFailure failure) when (failure.IsDamage)
        {
            throw FindDamage(database, stream, after) is { } before ? DamagedNextTo(before, failure) : failure;
        }
    }

    /// <summary>The index of streams has positions, so that it says where a row is that cannot be read.</summary>
    /// <returns>The position before that; null where all of it can be read now.</returns>
    private static long? FindDamage(SqliteDatabase database, StreamKey stream, long after)
    {
        var row = database.Statement(RowSql);
        while (PositionOf(database, new StreamPlace(stream, ++after)) is > 0 and var at)
        {
            try
            {
                row.Bind(1, at).Step();
                row.Reset();
            }
            catch (SqliteFailure failure) when (failure.IsDamage)
            {
                return at - 1;
            }
        }

        return null;
    }

    private static JournalUnavailableException DamagedNextTo(long position, SqliteFailure failure) => new(
        $"The journal is damaged next to position {position}: {failure.Reason}.", failure, JournalTrouble.Damaged);

    /// <param name="begin">The number before the first; a page ends before what is damaged.</param>
    private static IReadOnlyList<JournalRow> ReadAll(
        SqliteStatement statement, long byteLimit, long begin, bool isBackwards = false, bool isStream = false)
    {
        var reader = new JournalRows();
        var rows = new List<JournalRow>();
        var (bytes, last) = (0L, begin);
        try
        {
            while ((bytes < byteLimit || rows.Count == 0) && statement.Step())
            {
                var row = reader.Read(statement);
                var number = isStream ? row.Sequence : row.Position;
                last = (isBackwards ? number < last : number > last) ? number
                    : throw SqliteFailure.OutOfOrder(number, last);
                bytes += row.Message.Length;
                rows.Add(row);
            }

            return rows;
        }
        catch (SqliteFailure failure) when (failure.IsDamage && !isStream)
        {
            return rows.Count > 0 ? rows : throw DamagedNextTo(begin, failure);
        }
        finally
        {
            statement.Reset();
        }
    }
}

/// <summary>What the journal's callers receive of what SQLite answered.</summary>
internal static class SqliteTrouble
{
    public static JournalUnavailableException Reading(SqliteFailure failure) => Of("read", failure);

    public static JournalUnavailableException Writing(SqliteFailure failure) => Of("written", failure);

    private static JournalUnavailableException Of(string what, SqliteFailure failure) =>
        new($"The journal could not be {what}: {failure.Reason}.", failure, KindOf(failure));

    private static JournalTrouble KindOf(SqliteFailure failure) => failure switch
    {
        { IsDamage: true } => JournalTrouble.Damaged,
        { Code: raw.SQLITE_FULL } => JournalTrouble.DiskFull,
        { Code: raw.SQLITE_BUSY or raw.SQLITE_LOCKED } => JournalTrouble.Locked,
        { Code: raw.SQLITE_READONLY or raw.SQLITE_PERM } => JournalTrouble.ReadOnly,
        _ => JournalTrouble.Away,
    };
}
