namespace Audit.Integrity.Storage;

/// <summary>Writes what is sealed over the connection that the right to seal hangs on.</summary>
internal sealed class LogSession(ILogHold hold, LogSql sql) : IAsyncDisposable
{
    public Task CreateLogAsync(LogRecord log, CancellationToken cancellation) => RunAsync(
        sql.AddLog,
        [(long)log.Number, log.Origin, log.Key.ToString(), log.StartedAt.UtcTicks, log.Reason, log.Previous],
        cancellation);

    public Task HaltAsync(int log, LogHalt halt, CancellationToken cancellation) =>
        RunAsync(sql.Halt, [(long)log, halt.Reason, halt.Position, halt.At.UtcTicks], cancellation);

    /// <summary>Writes a step in one transaction.</summary>
    public Task CommitAsync(SealStep step, CancellationToken cancellation) =>
        hold.TransactAsync(session => CommitAsync(session, step, cancellation), cancellation);

    public ValueTask DisposeAsync() => hold.DisposeAsync();

    private async Task CommitAsync(IStoreSession session, SealStep step, CancellationToken cancellation)
    {
        long log = step.Log;
        var found = await session.QueryAsync(sql.LastSize, [log], row => row.Number(0), cancellation);
        if (found[0] != step.After)
        {
            throw new SealingLostException(
                $"The store's newest checkpoint is of {found[0]} entries, not of {step.After}.");
        }

        await session.ExecuteAllAsync(
            sql.PutTile,
            step.Tiles.Select(tile => new object[] { log, (long)tile.Level, tile.Number, tile.Hashes }),
            cancellation);
        await session.ExecuteAllAsync(
            sql.PutBundle,
            step.Bundles.Select(bundle => new object[] { log, bundle.Number, bundle.FirstPosition }),
            cancellation);
        if (step.Checkpoint is { } checkpoint)
        {
            await session.ExecuteAsync(
                sql.AddCheckpoint,
                [log, checkpoint.Size, checkpoint.LastPosition, checkpoint.Note, checkpoint.SignedAt.UtcTicks],
                cancellation);
            await session.ExecuteAsync(sql.ThinCheckpoints, [log, step.After, checkpoint.Size], cancellation);
        }
    }

    private Task RunAsync(string text, IReadOnlyList<object?> values, CancellationToken cancellation) =>
        hold.TransactAsync(session => session.ExecuteAsync(text, values, cancellation), cancellation);
}
