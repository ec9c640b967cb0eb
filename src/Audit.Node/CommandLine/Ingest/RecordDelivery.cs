namespace Audit.Node.CommandLine.Ingest;

/// <summary>
/// Sends batch after batch and keeps each until every item in it has a receipt, so that standard input can be resumed
/// as a file can. Sending an item again that was written before is harmless: it is a duplicate then.
/// </summary>
internal sealed class RecordDelivery(RecordPost post, ISendingReport report)
{
    /// <summary>Tries in a row that brought no receipt.</summary>
    private const int MostTries = 6;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private int tries;
    private bool wasReached;
    private long items;
    private long bytes;

    /// <exception cref="NodeException">The node is away or takes no more; or the input cannot be read on.</exception>
    public async Task RunAsync(Stream input, CancellationToken cancellation)
    {
        var batches = new LineBatches(input);
        while (true)
        {
            var batch = await NextAsync(batches, cancellation);
            if (batch.IsEmpty)
            {
                return;
            }

            await DeliverAsync(batch, cancellation);
            batches.Advance(batch);
        }
    }

    private static async Task<ReadOnlySequence<byte>> NextAsync(LineBatches batches, CancellationToken cancellation)
    {
        try
        {
            return await batches.NextAsync(cancellation);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeTrouble.Unreadable, $"The input cannot be read on: {failure.Message}", failure);
        }
    }

    private async Task DeliverAsync(ReadOnlySequence<byte> batch, CancellationToken cancellation)
    {
        var pending = ItemLines.Skip(batch, 0);
        while (!pending.IsEmpty)
        {
            var result = await post.SendAsync(pending, report.Receive, cancellation);
            pending = ItemLines.Skip(pending, result.Receipts);
            items += result.Receipts;
            report.Sent(bytes + batch.Length - pending.Length);
            if (!pending.IsEmpty)
            {
                await PauseAsync(result, cancellation);
            }

            wasReached = true;
        }

        tries = 0;
        bytes += batch.Length;
        report.Sent(bytes);
        report.FinishBatch();
    }

    private async Task PauseAsync(PostResult result, CancellationToken cancellation)
    {
        tries = result.Receipts > 0 ? 1 : tries + 1;
        // Who was never there needs no patience; who was there a moment ago may come back.
        if (result.IsFinal || tries == MostTries || (result.IsAbsent && !wasReached))
        {
            throw GiveUp(result);
        }

        var pause = result.RetryAfter ?? TimeSpan.FromSeconds(1 << (tries - 1));
        pause = pause < LongestPause ? pause : LongestPause;
        report.Note($"{result.Trouble.TrimEnd('.')}; going on from item {items} in {pause.TotalSeconds:0.#} s.");
        await Task.Delay(pause, cancellation);
    }

    private NodeException GiveUp(PostResult result)
    {
        var trouble = result.Trouble.TrimEnd('.');
        var rest = items == 0
            ? ""
            : $" The items before number {items} have their receipts; sent again they are duplicates.";
        return result.IsLost
            ? new NodeException(
                NodeTrouble.Unreachable, $"The node at {post.Server} cannot be reached: {trouble}.{rest}")
            : new NodeException(NodeTrouble.Refused, $"The node takes no more: {trouble}.{rest}");
    }
}
