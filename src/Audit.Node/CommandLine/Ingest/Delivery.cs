using System.Buffers;

namespace Audit.Node.CommandLine.Ingest;

/// <summary>
/// Sends batch after batch and keeps each until every item in it has a receipt, so that standard input can be resumed as a
/// file can. Sending an item again that was written before is harmless: it is a duplicate then.
/// </summary>
internal sealed class Delivery(BatchSender sender, IngestReport report)
{
    /// <summary>Tries in a row that brought no receipt.</summary>
    private const int MostTries = 6;

    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private int tries;
    private bool wasReached;

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
            throw CommandException.Failed($"The input cannot be read on: {failure.Message}");
        }
    }

    private async Task DeliverAsync(ReadOnlySequence<byte> batch, CancellationToken cancellation)
    {
        var pending = ItemLines.Skip(batch, 0);
        while (!pending.IsEmpty)
        {
            var result = await sender.PostAsync(pending, report.Receive, cancellation);
            pending = ItemLines.Skip(pending, result.Receipts);
            report.Delivered(batch.Length - pending.Length);
            if (!pending.IsEmpty)
            {
                await PauseAsync(result, cancellation);
            }

            wasReached = true;
        }
        tries = 0;
        report.FinishBatch(batch.Length);
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
        report.Note($"{result.Trouble.TrimEnd('.')}; going on from item {report.Counts.Items} in {pause.TotalSeconds:0.#} s.");
        await Task.Delay(pause, cancellation);
    }

    private CommandException GiveUp(PostResult result)
    {
        var trouble = result.Trouble.TrimEnd('.');
        var rest = report.Counts.Items == 0
            ? ""
            : $" The items before number {report.Counts.Items} have their receipts; sent again they are duplicates.";
        return result.IsLost
            ? CommandException.CannotReach($"The node at {sender.Server} cannot be reached: {trouble}.{rest}")
            : CommandException.Failed($"The node takes no more: {trouble}.{rest}");
    }
}
