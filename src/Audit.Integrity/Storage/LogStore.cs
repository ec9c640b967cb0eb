using System.Data.Common;
using System.Globalization;
using Audit.Integrity.Notes;
using Audit.Integrity.Tiles;

namespace Audit.Integrity.Storage;

/// <summary>The log's tables, by the same statements on both databases.</summary>
internal sealed class LogStore(ILogDatabase database) : ILogStore
{
    private readonly LogSql sql = new(database.Schema);

    /// <summary>Opens the log of the store at an address, and makes its tables where they are missing.</summary>
    public static async Task<LogStore> OpenAsync(string address, CancellationToken cancellation)
    {
        var store = StoreAddress.Parse(address);
        return new LogStore(store.IsSqlite
            ? await SqliteLogDatabase.OpenAsync(store.Place, cancellation)
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

    public Task<IReadOnlyList<LogRecord>> ReadLogsAsync(CancellationToken cancellation) =>
        ReadAsync(sql.Logs, ReadLog, cancellation);

    public async Task<StoredCheckpoint?> ReadLastCheckpointAsync(int log, CancellationToken cancellation)
    {
        var found = await ReadAsync(sql.LastCheckpoint, ReadCheckpoint, cancellation, ("log", log));
        return found.Count == 0 ? null : found[0];
    }

    public Task<IReadOnlyList<StoredCheckpoint>> ReadCheckpointsAsync(
        int log, long afterSize, int limit, CancellationToken cancellation) =>
        ReadAsync(sql.Checkpoints, ReadCheckpoint, cancellation, ("log", log), ("after", afterSize), ("limit", limit));

    public async Task<IReadOnlyList<byte[]>> ReadTilesAsync(
        int log, int level, long first, int limit, CancellationToken cancellation)
    {
        var rows = await ReadAsync(
            sql.Tiles,
            row => (Number: row.GetInt64(0), Hashes: row.GetFieldValue<byte[]>(1)),
            cancellation,
            ("log", log),
            ("level", level),
            ("first", first),
            ("end", first + limit));
        return [.. rows.TakeWhile((row, index) => row.Number == first + index).Select(row => row.Hashes)];
    }

    public Task<BundleStart?> ReadBundleAsync(int log, long number, CancellationToken cancellation) =>
        ReadBundleAsync(sql.Bundle, cancellation, ("log", log), ("number", number));

    public Task<BundleStart?> FindBundleAsync(int log, long position, CancellationToken cancellation) =>
        ReadBundleAsync(sql.BundleOfPosition, cancellation, ("log", log), ("position", position));

    public async Task<ILogSession?> TryBeginSealingAsync(CancellationToken cancellation)
    {
        var held = await database.TryHoldAsync(cancellation);
        return held is null ? null : new LogSession(held, database, sql);
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task<BundleStart?> ReadBundleAsync(
        string question, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        var found = await ReadAsync(
            question, row => new BundleStart(row.GetInt64(0), row.GetInt64(1)), cancellation, parameters);
        return found.Count == 0 ? null : found[0];
    }

    private async Task<IReadOnlyList<T>> ReadAsync<T>(
        string question, Func<DbDataReader, T> read, CancellationToken cancellation,
        params (string Name, object Value)[] parameters)
    {
        await using var connection = await database.OpenAsync(cancellation);
        await using var command = LogSql.Command(connection, question, parameters!);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static LogRecord ReadLog(DbDataReader row) =>
        new(Convert.ToInt32(row.GetValue(0), CultureInfo.InvariantCulture), row.GetString(1), KeyOf(row.GetString(2)), Time(row, 3))
        {
            Reason = row.IsDBNull(4) ? null : row.GetString(4),
            Previous = row.IsDBNull(5) ? null : row.GetString(5),
            Halt = row.IsDBNull(6) ? null : new LogHalt(row.GetString(6), row.IsDBNull(7) ? null : row.GetInt64(7), Time(row, 8)),
        };

    private static VerifierKey KeyOf(string text)
    {
        try
        {
            return VerifierKey.Parse(text);
        }
        catch (NoteFormatException failure)
        {
            throw new LogDamagedException($"The verifier key that the store has for its log cannot be read: {failure.Message}");
        }
    }

    private static StoredCheckpoint ReadCheckpoint(DbDataReader row) =>
        new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), Time(row, 3));

    private static DateTimeOffset Time(DbDataReader row, int column)
    {
        var ticks = row.IsDBNull(column) ? 0 : row.GetInt64(column);
        return new DateTimeOffset(Math.Clamp(ticks, 0, DateTime.MaxValue.Ticks), TimeSpan.Zero);
    }
}
