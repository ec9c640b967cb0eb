namespace Audit.Integrity.Storage;

/// <summary>Writes what is sealed over the connection that the right to seal hangs on, one thing at a time.</summary>
internal sealed class LogSession(ILogHold hold, LogSql sql) : IAsyncDisposable
{
    private readonly SemaphoreSlim turn = new(1);

    public Task CreateLogAsync(LogRecord log, CancellationToken cancellation) => RunAsync(
        sql.AddLog,
        [(long)log.Number, log.Origin, log.Chain.First.ToString(), log.StartedAt.UtcTicks, log.RestartNote],
        cancellation);

    /// <summary>Puts down all notes on the keys of a log.</summary>
    public Task PutKeysAsync(int log, IReadOnlyList<string> notes, CancellationToken cancellation) =>
        RunAsync(sql.PutKeys, [(long)log, JsonSerializer.Serialize(notes)], cancellation);

    public Task HaltAsync(int log, LogHalt halt, CancellationToken cancellation) =>
        RunAsync(sql.Halt, [(long)log, halt.Reason, halt.Position, halt.At.UtcTicks], cancellation);

    /// <summary>Ends a halt.</summary>
    public Task ResumeAsync(int log, CancellationToken cancellation) => RunAsync(sql.Resume, [(long)log], cancellation);

    public Task AnswerVouchAsync(string challenge, string answer, CancellationToken cancellation) =>
        RunAsync(sql.AnswerVouch, [challenge, answer], cancellation);

    /// <summary>Keeps what a witness signed, and of older checkpoints of its bundle no more than is needed.</summary>
    /// <param name="of">The checkpoint, which may have been thinned out meanwhile.</param>
    public Task KeepCosignatureAsync(
        int log, StoredCheckpoint of, string witness, string line, int quorum, CancellationToken cancellation) =>
        TransactAsync(
            async session =>
            {
                long number = log;
                await session.ExecuteAsync(
                    sql.KeepCheckpoint,
                    [number, of.Size, of.LastPosition, OwnOf(of.Note), of.SignedAt.UtcTicks], cancellation);
                await session.ExecuteAsync(sql.PutCosignature, [number, of.Size, witness, line], cancellation);
                var witnessed = await session.QueryAsync(
                    sql.WitnessedSize, [number, (long)quorum], row => row.Number(0), cancellation);
                if (witnessed.Count > 0)
                {
                    await session.ExecuteAsync(sql.ThinCosignatures, [number, witnessed[0]], cancellation);
                    await session.ExecuteAsync(sql.ThinWitnessed, [number, witnessed[0]], cancellation);
                }
            },
            cancellation);

    /// <summary>Writes a step in one transaction.</summary>
    public Task CommitAsync(SealStep step, CancellationToken cancellation) =>
        TransactAsync(session => CommitAsync(session, step, cancellation), cancellation);

    public async ValueTask DisposeAsync()
    {
        await hold.DisposeAsync();
        turn.Dispose();
    }

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
        await session.ExecuteAllAsync(
            sql.PutUnproven, step.Unproven.Select(position => new object[] { log, position }), cancellation);
        if (step.Checkpoint is { } checkpoint)
        {
            await session.ExecuteAsync(
                sql.AddCheckpoint,
                [log, checkpoint.Size, checkpoint.LastPosition, checkpoint.Note, checkpoint.SignedAt.UtcTicks],
                cancellation);
            await session.ExecuteAsync(sql.ThinCheckpoints, [log, step.After, checkpoint.Size], cancellation);
        }
    }

    /// <summary>The note as the log signed it: cosignatures lie in a table of their own.</summary>
    private static string OwnOf(string note)
    {
        var signed = SignedCheckpoint.Parse(note);
        var own = signed.Note.Signatures.Where(line => line.Name == signed.Checkpoint.Origin);
        return (signed.Note with { Signatures = [.. own] }).ToString();
    }

    private Task RunAsync(string text, IReadOnlyList<object?> values, CancellationToken cancellation) =>
        TransactAsync(session => session.ExecuteAsync(text, values, cancellation), cancellation);

    private async Task TransactAsync(Func<IStoreSession, Task> work, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            await hold.TransactAsync(work, cancellation);
        }
        finally
        {
            turn.Release();
        }
    }
}

/// <summary>What the two databases do differently for the log.</summary>
internal interface ILogDatabase : IAsyncDisposable
{
    /// <summary>What stands before the name of each table.</summary>
    string Schema { get; }

    /// <summary>Puts one question.</summary>
    Task<List<T>> QueryAsync<T>(
        string sql, IReadOnlyList<object?> values, Func<IStoredRow, T> read, CancellationToken cancellation);

    /// <summary>Writes a line of those that need no right to seal.</summary>
    Task ExecuteAsync(string sql, IReadOnlyList<object?> values, CancellationToken cancellation);

    /// <summary>Takes the right to seal, or returns null while another node has it.</summary>
    Task<ILogHold?> TryHoldAsync(CancellationToken cancellation);
}

/// <summary>The right to seal, which one node has at a time; it ends with the connection it hangs on.</summary>
internal interface ILogHold : IAsyncDisposable
{
    /// <summary>Works in one transaction over that same connection.</summary>
    Task TransactAsync(Func<IStoreSession, Task> work, CancellationToken cancellation);
}
