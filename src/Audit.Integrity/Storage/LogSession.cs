using System.Data.Common;
using System.Globalization;

namespace Audit.Integrity;

/// <summary>Writes what is sealed over the connection that the right to seal hangs on.</summary>
internal sealed class LogSession(DbConnection connection, ILogDatabase database, LogSql sql) : ILogSession
{
    private DbTransaction? transaction;

    public Task CreateLogAsync(LogRecord log, CancellationToken cancellation) =>
        RunAsync(
            sql.AddLog,
            cancellation,
            ("number", log.Number),
            ("origin", log.Origin),
            ("key", log.Key.ToString()),
            ("at", log.StartedAt.UtcTicks),
            ("reason", log.Reason ?? (object)DBNull.Value),
            ("previous", log.Previous ?? (object)DBNull.Value));

    public Task HaltAsync(int log, LogHalt halt, CancellationToken cancellation) =>
        RunAsync(
            sql.Halt,
            cancellation,
            ("log", log),
            ("reason", halt.Reason),
            ("position", halt.Position ?? (object)DBNull.Value),
            ("at", halt.At.UtcTicks));

    public async Task CommitAsync(SealStep step, CancellationToken cancellation)
    {
        transaction = await connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        try
        {
            await RefuseOtherSealerAsync(step, cancellation).ConfigureAwait(false);
            await PutTilesAsync(step, cancellation).ConfigureAwait(false);
            await PutBundlesAsync(step, cancellation).ConfigureAwait(false);
            if (step.Checkpoint is { } checkpoint)
                await AddCheckpointAsync(step, checkpoint, cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
            transaction = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync().ConfigureAwait(false);
        database.Release();
    }

    private async Task RefuseOtherSealerAsync(SealStep step, CancellationToken cancellation)
    {
        var command = Command(sql.LastSize, ("log", step.Log));
        await using (command.ConfigureAwait(false))
        {
            var found = Convert.ToInt64(
                await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false), CultureInfo.InvariantCulture);
            if (found != step.After)
                throw new SealingLostException($"The store's newest checkpoint is of {found} entries, not of {step.After}.");
        }
    }

    private Task PutTilesAsync(SealStep step, CancellationToken cancellation) =>
        RunForEachAsync(
            sql.PutTile,
            step.Tiles,
            tile => [("log", step.Log), ("level", tile.Level), ("number", tile.Number), ("hashes", tile.Hashes)],
            cancellation);

    private Task PutBundlesAsync(SealStep step, CancellationToken cancellation) =>
        RunForEachAsync(
            sql.PutBundle,
            step.Bundles,
            bundle => [("log", step.Log), ("number", bundle.Number), ("first", bundle.FirstPosition)],
            cancellation);

    private async Task AddCheckpointAsync(SealStep step, StoredCheckpoint checkpoint, CancellationToken cancellation)
    {
        await RunAsync(
            sql.AddCheckpoint,
            cancellation,
            ("log", step.Log),
            ("size", checkpoint.Size),
            ("last", checkpoint.LastPosition),
            ("note", checkpoint.Note),
            ("at", checkpoint.SignedAt.UtcTicks)).ConfigureAwait(false);
        await RunAsync(
            sql.ThinCheckpoints, cancellation, ("log", step.Log), ("before", step.After), ("size", checkpoint.Size))
            .ConfigureAwait(false);
    }

    // PostgreSQL takes all at once, which saves as many round trips; SQLite has none to save.
    private async Task RunForEachAsync<T>(
        string text, IReadOnlyList<T> items, Func<T, (string, object)[]> parametersOf, CancellationToken cancellation)
    {
        if (items.Count == 0)
            return;
        if (!connection.CanCreateBatch)
        {
            foreach (var item in items)
                await RunAsync(text, cancellation, parametersOf(item)).ConfigureAwait(false);
            return;
        }
        var batch = connection.CreateBatch();
        await using (batch.ConfigureAwait(false))
        {
            batch.Transaction = transaction;
            foreach (var item in items)
                batch.BatchCommands.Add(BatchCommand(batch, text, parametersOf(item)));
            await batch.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        }
    }

    private static DbBatchCommand BatchCommand(DbBatch batch, string text, (string Name, object Value)[] parameters)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = text;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }
        return command;
    }

    private async Task RunAsync(
        string text, CancellationToken cancellation, params (string Name, object Value)[] parameters)
    {
        var command = Command(text, parameters);
        await using (command.ConfigureAwait(false))
            await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private DbCommand Command(string text, params (string Name, object Value)[] parameters)
    {
        var command = LogSql.Command(connection, text, parameters!);
        command.Transaction = transaction;
        return command;
    }
}
