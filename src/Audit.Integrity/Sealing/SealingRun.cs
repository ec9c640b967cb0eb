using Audit.Integrity.Entries;

namespace Audit.Integrity.Sealing;

/// <summary>Seals for as long as this node has the right to, from where <see cref="TakeOver"/> left off.</summary>
internal sealed class SealingRun(
    IJournal journal, IRowSource rows, StoreLook look, EntryKeys keys, LogSession session, LogRecord log,
    IReadOnlyList<ILogSigner> signers, LocalCheckpoint file,
    SealedTree state, SealerOptions options, Action<StoredCheckpoint> announce)
{
    /// <summary>How many leaves a transaction writes at most.</summary>
    private const int LeavesInStep = 1 << 16;

    private readonly RowBatch batch = new();
    private readonly StreamNumbers numbers = new(look);
    private readonly List<LogTile> completed = [];
    private readonly List<BundleStart> bundles = [];
    private readonly List<long> unproven = [];
    private DateTimeOffset signedAt = DateTimeOffset.MinValue;
    private DateTimeOffset steppedAt = DateTimeOffset.MinValue;
    private bool isReading;

    /// <exception cref="LogHaltedException">Nothing may be signed any more.</exception>
    public async Task SealAsync(CancellationToken cancellation)
    {
        while (true)
        {
            if (await StepAsync(cancellation))
            {
                await PauseAsync(cancellation);
            }
        }
    }

    private async Task PauseAsync(CancellationToken cancellation)
    {
        await journal.WaitForMoreAsync(state.LastPosition, cancellation);
        // Since the last step and not the last signature: a journal that says there is more, and gives none, must not
        // make this loop spin.
        var rest = steppedAt + options.Interval - options.Clock.GetUtcNow();
        if (rest > TimeSpan.Zero)
        {
            await Task.Delay(rest < options.Interval ? rest : options.Interval, options.Clock, cancellation);
        }
    }

    /// <returns>Whether all rows that there are have been sealed.</returns>
    private async Task<bool> StepAsync(CancellationToken cancellation)
    {
        var before = state.Tree.Size;
        var isCaughtUp = false;
        while (!isCaughtUp && state.Tree.Size - before < LeavesInStep)
        {
            isCaughtUp = !await TakeBatchAsync(cancellation);
        }

        if (isCaughtUp && state.Ahead is { } ahead)
        {
            throw new LogHaltedException(
                $"The journal holds {state.Tree.Size} rows, and a checkpoint of {ahead.Size} was signed: "
                + "it was cut off or set back.",
                state.LastPosition);
        }
        var mayStay = signedAt + options.Interval > options.Clock.GetUtcNow() && !isCaughtUp;
        if (state.Ahead is not null || mayStay)
        {
            await CommitAsync(null, cancellation);
        }
        else if (state.Tree.Size > state.SignedSize)
        {
            await SignAsync(cancellation);
        }

        steppedAt = options.Clock.GetUtcNow();
        return isCaughtUp;
    }

    /// <returns>False when there are no more rows.</returns>
    private async Task<bool> TakeBatchAsync(CancellationToken cancellation)
    {
        var isFirst = !isReading;
        if (isFirst)
        {
            // The last row that was sealed is read again: if it changed or went away, nothing may be built upon it.
            var from = state.Tree.Size == 0 ? long.MinValue : state.LastPosition;
            await rows.SeekAsync(from, cancellation);
            isReading = true;
        }
        batch.Clear();
        await rows.FillAsync(batch, cancellation);
        batch.Hash(keys);
        var isKnown = isFirst && state.Tree.Size > 0;
        if (isKnown)
        {
            CheckLastRow();
        }

        var first = isKnown ? 1 : 0;
        foreach (var missing in await numbers.TakeAsync(batch, first, cancellation))
        {
            // What went away before it was sealed contradicts nothing; the row behind it shows it for ever.
            options.Failures.Report("numbers missing in a stream", new InvalidDataException(missing.Sentence));
            unproven.Add(missing.Position);
        }

        for (var i = first; i < batch.Count; i++)
        {
            Append(batch[i].Position, batch.Leaf(i));
            options.Sessions?.Take(batch, i);
            // Not a reason to stop: it is sealed as what it is, and shown wherever the log is.
            if (batch[i].Unproven)
            {
                unproven.Add(batch[i].Position);
            }
        }

        isReading = batch.Count > 0;
        return isReading;
    }

    private void CheckLastRow()
    {
        if (batch.Count == 0 || batch[0].Position != state.LastPosition)
        {
            throw new LogHaltedException(
                $"The row at position {state.LastPosition}, the last that was sealed, is not there: "
                + "the journal was cut off or set back.",
                state.LastPosition);
        }
        if (!batch.Leaf(0).SequenceEqual(state.LastLeaf))
        {
            throw new LogHaltedException(
                $"The row at position {state.LastPosition} is not the one that was sealed.", state.LastPosition);
        }
    }

    private void Append(long position, ReadOnlySpan<byte> leaf)
    {
        var tree = state.Tree;
        if (tree.Size % TileShape.Width == 0)
        {
            bundles.Add(new BundleStart(tree.Size / TileShape.Width, position));
        }

        leaf.CopyTo(state.LastLeaf);
        tree.Append(leaf, completed);
        state.LastPosition = position;
        if (state.Ahead is not { } ahead || tree.Size < ahead.Size)
        {
            return;
        }

        if (!ahead.HasRoot(tree.Root()))
        {
            throw new LogHaltedException(
                $"The journal's first {ahead.Size} rows are not those over which a checkpoint was signed.");
        }
        state.Ahead = null;
    }

    private async Task SignAsync(CancellationToken cancellation)
    {
        var checkpoint = new Checkpoint(log.Origin, state.Tree.Size, state.Tree.Root());
        var signed = await SignedCheckpoint.SignAsync(checkpoint, signers, cancellation);
        if (!signed.IsSignedBy(log.Key))
        {
            throw new LogKeyException("The signer gave a signature that the log's verifier key does not accept.");
        }
        // First the file, then the database: what others may have seen signed is never unknown to the file. A database
        // that stayed behind comes to the same root from the same rows.
        file.Write(signed);
        signedAt = options.Clock.GetUtcNow();
        var stored = new StoredCheckpoint(checkpoint.Size, state.LastPosition, signed.ToString(), signedAt);
        await CommitAsync(stored, cancellation);
        state.SignedSize = checkpoint.Size;
        announce(stored);
    }

    private async Task CommitAsync(StoredCheckpoint? checkpoint, CancellationToken cancellation)
    {
        List<LogTile> tiles = [.. completed, .. state.Tree.TakeChangedEdge()];
        var step = new SealStep(log.Number, state.SignedSize, tiles, bundles, unproven, checkpoint);
        await session.CommitAsync(step, cancellation);
        completed.Clear();
        bundles.Clear();
        unproven.Clear();
    }
}
