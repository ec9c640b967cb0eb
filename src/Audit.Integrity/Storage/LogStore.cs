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

    /// <summary>The newest checkpoint, with the cosignatures that it has.</summary>
    public async Task<StoredCheckpoint?> ReadLastCheckpointAsync(int log, CancellationToken cancellation) =>
        (await database.QueryAsync(sql.LastCheckpoint, [(long)log], ReadCheckpoint, cancellation)).SingleOrDefault()
            is { } last
            ? await WithCosignaturesAsync(log, last, cancellation)
            : null;

    /// <summary>The checkpoint of a size, with its cosignatures; null where it is not kept.</summary>
    public async Task<StoredCheckpoint?> ReadCheckpointAsync(int log, long size, CancellationToken cancellation)
    {
        var found = await database.QueryAsync(sql.CheckpointOfSize, [(long)log, size], ReadCheckpoint, cancellation);
        return found.Count == 0 ? null : await WithCosignaturesAsync(log, found[0], cancellation);
    }

    /// <summary>The newest checkpoint that so many witnesses cosigned; null where there is none.</summary>
    public async Task<StoredCheckpoint?> ReadWitnessedAsync(int log, int quorum, CancellationToken cancellation)
    {
        var size = await database.QueryAsync(
            sql.WitnessedSize, [(long)log, (long)quorum], row => row.Number(0), cancellation);
        return size.Count == 0 ? null : await ReadCheckpointAsync(log, size[0], cancellation);
    }

    /// <summary>The newest checkpoints that any witness cosigned, the newest first.</summary>
    public async Task<IReadOnlyList<StoredCheckpoint>> ReadCosignedAsync(int log, CancellationToken cancellation)
    {
        var sizes = await database.QueryAsync(sql.CosignedSizes, [(long)log], row => row.Number(0), cancellation);
        var cosigned = new List<StoredCheckpoint>(sizes.Count);
        foreach (var size in sizes)
        {
            if (await ReadCheckpointAsync(log, size, cancellation) is { } checkpoint)
            {
                cosigned.Add(checkpoint);
            }
        }

        return cosigned;
    }

    public async Task<UnprovenRows> ReadUnprovenAsync(int log, CancellationToken cancellation) =>
        (await database.QueryAsync(
            sql.Unproven, [(long)log], row => new UnprovenRows(row.Number(0), row.Number(1)), cancellation))[0];

    /// <summary>Asks the node that seals to vouch for what it sealed.</summary>
    public Task AskVouchAsync(int log, string challenge, CancellationToken cancellation) =>
        database.ExecuteAsync(sql.AskVouch, [challenge, (long)log], cancellation);

    /// <summary>What was answered; null while nothing was.</summary>
    public async Task<string?> ReadVouchAsync(string challenge, CancellationToken cancellation) =>
        (await database.QueryAsync(sql.Vouch, [challenge], ReadVouch, cancellation)).SingleOrDefault()?.Answer;

    public async Task<IReadOnlyList<VouchQuestion>> ReadOpenVouchesAsync(int log, CancellationToken cancellation) =>
        await database.QueryAsync(sql.OpenVouches, [(long)log], ReadVouch, cancellation);

    public Task DropVouchAsync(string challenge, CancellationToken cancellation) =>
        database.ExecuteAsync(sql.DropVouch, [challenge], cancellation);

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

    private async Task<StoredCheckpoint> WithCosignaturesAsync(
        int log, StoredCheckpoint checkpoint, CancellationToken cancellation)
    {
        var lines = await database.QueryAsync(
            sql.Cosignatures, [(long)log, checkpoint.Size], row => row.Text(0), cancellation);
        return lines.Count == 0 ? checkpoint : checkpoint with { Note = checkpoint.Note + string.Concat(lines) };
    }

    private static VouchQuestion ReadVouch(IStoredRow row) => new(row.Text(0), row.TextOrNull(1));

    private static LogRecord ReadLog(IStoredRow row) =>
        new LogRecord((int)row.Number(0), row.Text(1), KeyOf(row.Text(2)), Time(row, 3))
        {
            Halt = row.IsNull(5) ? null : new LogHalt(row.Text(5), row.NumberOrNull(6), Time(row, 7)),
        }.WithRestart(row.TextOrNull(4)).WithKeys(KeyNotes(row.TextOrNull(8)));

    private static string[] KeyNotes(string? json)
    {
        try
        {
            return json is null ? [] : JsonSerializer.Deserialize<string[]>(json) ?? [];
        }
        catch (JsonException failure)
        {
            throw new LogDamagedException($"The notes on the log's keys cannot be read: {failure.Message}");
        }
    }

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
