namespace Audit.Integrity.Storage;

/// <summary>
/// What is kept of the logs of a store, by the same statements on both databases. All of it can be made again from the
/// journal, but for the signatures.
/// </summary>
internal sealed class LogStore(ILogDatabase database) : IAsyncDisposable
{
    private readonly LogSql sql = new(database.Schema);

    /// <summary>Opens the log of the store at an address, and makes its tables where they are missing.</summary>
    public static async Task<LogStore> OpenAsync(string address, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return new LogStore(store.IsSqlite
            ? SqliteLogDatabase.Open(store.Place)
            : await PostgresLogDatabase.OpenAsync(store.Place, cancellation));
    }

    /// <summary>Opens the log for reading, beside a node or without one.</summary>
    /// <returns>Null where the store has no log.</returns>
    public static async Task<LogStore?> FindForReadingAsync(string address, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        ILogDatabase? found = store.IsSqlite
            ? SqliteLogDatabase.FindForReading(store.Place)
            : await PostgresLogDatabase.FindForReadingAsync(store.Place, cancellation);
        return found is null ? null : new LogStore(found);
    }

    /// <summary>All logs of the store, the oldest first.</summary>
    public async Task<IReadOnlyList<LogRecord>> ReadLogsAsync(CancellationToken cancellation) =>
        await database.QueryAsync(sql.Logs, [], ReadLog, cancellation);

    public async Task<StoredCheckpoint?> ReadLastCheckpointAsync(int log, CancellationToken cancellation) =>
        (await database.QueryAsync(sql.LastCheckpoint, [(long)log], ReadCheckpoint, cancellation)).SingleOrDefault();

    public async Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        int log, long afterSize, int limit, CancellationToken cancellation) =>
        await database.QueryAsync(sql.Checkpoints, [(long)log, afterSize, (long)limit], ReadCheckpoint, cancellation);

    /// <summary>Tiles of one level that follow each other; it ends before the first that is missing.</summary>
    public async Task<IReadOnlyList<byte[]>> ReadTilesAsync(
        int log, int level, long first, int limit, CancellationToken cancellation)
    {
        var rows = await database.QueryAsync(
            sql.Tiles,
            [(long)log, (long)level, first, first + limit],
            row => (Number: row.Number(0), Hashes: row.Blob(1)),
            cancellation);
        return [.. rows.TakeWhile((row, index) => row.Number == first + index).Select(row => row.Hashes)];
    }

    public Task<BundleStart?> ReadBundleAsync(int log, long number, CancellationToken cancellation) =>
        ReadBundleAsync(sql.Bundle, log, number, cancellation);

    /// <summary>The bundle that a position lies in.</summary>
    public Task<BundleStart?> FindBundleAsync(int log, long position, CancellationToken cancellation) =>
        ReadBundleAsync(sql.BundleOfPosition, log, position, cancellation);

    /// <returns>Null while another node has the right to seal.</returns>
    public async Task<LogSession?> TryBeginSealingAsync(CancellationToken cancellation) =>
        await database.TryHoldAsync(cancellation) is { } hold ? new LogSession(hold, sql) : null;

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task<BundleStart?> ReadBundleAsync(
        string question, long log, long number, CancellationToken cancellation)
    {
        var found = await database.QueryAsync(
            question, [log, number], row => new BundleStart(row.Number(0), row.Number(1)), cancellation);
        return found.Count == 0 ? null : found[0];
    }

    private static LogRecord ReadLog(IStoredRow row) =>
        new((int)row.Number(0), row.Text(1), KeyOf(row.Text(2)), Time(row, 3))
        {
            Reason = row.TextOrNull(4),
            Previous = row.TextOrNull(5),
            Halt = row.IsNull(6) ? null : new LogHalt(row.Text(6), row.NumberOrNull(7), Time(row, 8)),
        };

    private static VerifierKey KeyOf(string text)
    {
        try
        {
            return VerifierKey.Parse(text);
        }
        catch (NoteFormatException failure)
        {
            throw new LogDamagedException(
                $"The verifier key that the store has for its log cannot be read: {failure.Message}");
        }
    }

    private static StoredCheckpoint ReadCheckpoint(IStoredRow row) =>
        new(row.Number(0), row.Number(1), row.Text(2), Time(row, 3));

    private static DateTimeOffset Time(IStoredRow row, int column) =>
        new(Math.Clamp(row.NumberOrNull(column) ?? 0, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
}

/// <summary>The tiles of one log of a store.</summary>
internal sealed class StoreTiles(LogStore store, int log) : ITileSource
{
    public async Task<byte[]?> ReadAsync(int level, long number, CancellationToken cancellation)
    {
        var found = await store.ReadTilesAsync(log, level, number, 1, cancellation);
        return found.Count == 0 ? null : found[0];
    }
}
