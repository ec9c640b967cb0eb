using Audit.Integrity.Entries;
using Audit.Integrity.Verification;

namespace Audit.Integrity.Sealing;

/// <summary>
/// Reads the book again, slowly and for ever, and compares it with what was sealed: an edit in the middle is found by
/// the node that seals and not only by who verifies.
/// </summary>
internal sealed class Scrub(string address, LogRecord log, EntryKeys keys, SealerOptions options)
{
    /// <summary>A small book is not read over and over.</summary>
    private const int RestInPauses = 40;

    private readonly RowBatch batch = new();

    /// <summary>The position up to which the pass that is under way has come.</summary>
    public long Position { get; private set; }

    /// <summary>When the last pass over the whole book ended; null before the first has.</summary>
    public DateTimeOffset? EndedAt { get; private set; }

    /// <exception cref="LogHaltedException">A row, or a stored hash, is not what was sealed.</exception>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var rested = Task.Delay(RestInPauses * options.ScrubPause, options.Clock, cancellation);
            if (await StoreLogSource.FindAsync(address, cancellation) is { } source)
            {
                await using (source)
                {
                    await PassAsync(source, cancellation);
                }
            }

            await rested;
        }
    }

    private async Task PassAsync(StoreLogSource source, CancellationToken cancellation)
    {
        try
        {
            await ReadAsync(source, cancellation);
        }
        catch (StoreDamagedException damage)
        {
            options.Damage.Found = damage;
            throw;
        }
    }

    private async Task ReadAsync(StoreLogSource source, CancellationToken cancellation)
    {
        if (source.Newest is not { } newest || source.Logs[^1].Number != log.Number)
        {
            return;
        }

        var signed = SignedCheckpoint.Parse(newest.Note).Checkpoint;
        var check = new IntegrityCheck(source, signed.Size, log.Chain, []);
        await check.BeginAsync(cancellation);
        await using (var rows = await RowSource.OpenAsync(address, cancellation))
        {
            while (check.Rows < signed.Size && await TakeAsync(check, rows, signed.Size, cancellation))
            {
                Position = check.LastPosition;
                await Task.Delay(options.ScrubPause, options.Clock, cancellation);
            }
        }

        await check.EndAsync(cancellation);
        Halt(new IntegrityConclusion(check, signed).Faults());
        (Position, EndedAt) = (newest.LastPosition, options.Clock.GetUtcNow());
        options.Damage.Found = null;
    }

    /// <returns>False when there are no more rows.</returns>
    private async Task<bool> TakeAsync(
        IntegrityCheck check, IRowSource rows, long size, CancellationToken cancellation)
    {
        batch.Clear();
        await rows.FillAsync(batch, cancellation);
        batch.Hash(keys);
        // What came after the checkpoint is none of this pass.
        await check.TakeAsync(batch, cancellation);
        if (check.FirstDifference is { } difference)
        {
            Halt([difference]);
        }

        return batch.Count > 0 && check.RowTree.Size < size;
    }

    private static void Halt(IReadOnlyList<IntegrityFault> faults)
    {
        // A row that was deleted before it was sealed is in the log as what it is: verification says so, for ever.
        if (faults.FirstOrDefault(fault => fault.Kind != IntegrityFaultKind.RowDeleted) is { } fault)
        {
            throw new LogHaltedException(fault.Sentence, fault.Position);
        }
    }
}
