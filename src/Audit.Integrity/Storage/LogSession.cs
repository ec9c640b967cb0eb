using System.Data.Common;
using System.Globalization;
using Audit.Integrity.Notes;

namespace Audit.Integrity.Storage;

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
        transaction = await connection.BeginTransactionAsync(cancellation);
        try
        {
            await RefuseOtherSealerAsync(step, cancellation);
            await PutTilesAsync(step, cancellation);
            await PutBundlesAsync(step, cancellation);
            if (step.Checkpoint is { } checkpoint)
            {
                await AddCheckpointAsync(step, checkpoint, cancellation);
            }

            await transaction.CommitAsync(cancellation);
        }
        finally
        {
            await transaction.DisposeAsync();
            transaction = null;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await connection.DisposeAsync();
        database.Release();
    }

    private async Task RefuseOtherSealerAsync(SealStep step, CancellationToken cancellation)
    {
        await using var command = Command(sql.LastSize, ("log", step.Log));
        var found = Convert.ToInt64(
            await command.ExecuteScalarAsync(cancellation), CultureInfo.InvariantCulture);
        if (found != step.After)
        {
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
            ("at", checkpoint.SignedAt.UtcTicks));
        await RunAsync(
            sql.ThinCheckpoints, cancellation, ("log", step.Log), ("before", step.After), ("size", checkpoint.Size));
    }

    // PostgreSQL takes all at once, which saves as many round trips; SQLite has none to save.
    private async Task RunForEachAsync<T>(
        string text, IReadOnlyList<T> items, Func<T, (string, object)[]> parametersOf, CancellationToken cancellation)
    {
        if (items.Count == 0)
        {
            return;
        }

        if (!connection.CanCreateBatch)
        {
            foreach (var item in items)
            {
                await RunAsync(text, cancellation, parametersOf(item));
            }

            return;
        }
        await using var batch = connection.CreateBatch();
        batch.Transaction = transaction;
        foreach (var item in items)
        {
            batch.BatchCommands.Add(BatchCommand(batch, text, parametersOf(item)));
        }

        await batch.ExecuteNonQueryAsync(cancellation);
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
        await using (command)
        {
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private DbCommand Command(string text, params (string Name, object Value)[] parameters)
    {
        var command = LogSql.Command(connection, text, parameters!);
        command.Transaction = transaction;
        return command;
    }
}
