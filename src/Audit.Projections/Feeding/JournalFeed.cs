using System.Threading.Channels;
using Audit.Projections.Folding;

namespace Audit.Projections.Feeding;

/// <summary>
/// Reads the journal on from an offset and parses it, while what was read before is being written. Before each
/// batch it looks at the row at the offset, which shows that the journal is still the same.
/// </summary>
internal sealed class JournalFeed(IJournal journal, FeedLimits limits, IReadOnlySet<long> skipped)
{
    private readonly FactsReader reader = new();

    /// <param name="follow">Whether to wait for more at the journal's end, or to end there.</param>
    public async Task RunAsync(
        ReadOffset start, bool follow, ChannelWriter<FactBatch> batches, CancellationToken cancellation)
    {
        try
        {
            await ReadOnAsync(start, follow, batches, cancellation);
            batches.Complete();
        }
        catch (Exception end)
        {
            // Whoever takes the batches gets what was read until then, and after that the reason.
            batches.Complete(end);
        }
    }

    private async Task ReadOnAsync(
        ReadOffset offset, bool follow, ChannelWriter<FactBatch> batches, CancellationToken cancellation)
    {
        while (true)
        {
            await CheckAsync(journal, offset, cancellation);
            var (batch, poison) = await ReadBatchAsync(offset, cancellation);
            if (batch.Events.Count > 0)
            {
                offset = batch.To;
                await batches.WriteAsync(batch, cancellation);
            }

            if (poison is not null)
            {
                throw poison;
            }

            if (batch.Events.Count == 0 && !follow)
            {
                return;
            }

            if (batch.Events.Count == 0)
            {
                await WaitAsync(journal, offset.Position, limits.Patience, cancellation);
            }
        }
    }

    /// <exception cref="WentBackException">The row at an offset is not the one that was read.</exception>
    public static async Task CheckAsync(IJournal journal, ReadOffset offset, CancellationToken cancellation)
    {
        if (offset.Position == 0)
        {
            return;
        }

        var row = await journal.ReadRowAsync(offset.Position, cancellation);
        if (row is null || !RowDigest.IsOf(row, offset.Digest))
        {
            throw new WentBackException(offset.Position);
        }
    }

    /// <summary>Reads page by page, as long as there is a whole one more, until the batch is full.</summary>
    private async Task<(FactBatch Batch, PoisonException? Poison)> ReadBatchAsync(
        ReadOffset from, CancellationToken cancellation)
    {
        var events = new List<EventFacts>();
        JournalRow? last = null;
        PoisonException? poison = null;
        var isWhole = true;
        while (isWhole && poison is null && events.Count < limits.Rows)
        {
            var limit = Math.Min(limits.PageRows, limits.Rows - events.Count);
            var page = await journal.ReadAfterAsync(
                last?.Position ?? from.Position, limit, limits.PageBytes, cancellation);
            poison = Parse(page, events, ref last);
            isWhole = page.Count == limit;
        }

        var to = last is null ? from : new ReadOffset(last.Position, RowDigest.Of(last));
        return (new FactBatch(events, from, to, last?.CreatedTicks ?? 0), poison);
    }

    private PoisonException? Parse(IReadOnlyList<JournalRow> page, List<EventFacts> events, ref JournalRow? last)
    {
        foreach (var row in page)
        {
            try
            {
                events.Add(skipped.Contains(row.Position) || !row.IsProven ? Passed(row) : reader.Read(row));
                last = row;
            }
            catch (PoisonException unreadable)
            {
                return unreadable;
            }
        }

        return null;
    }

    private static EventFacts Passed(JournalRow row) =>
        new() { Position = row.Position, Sequence = row.Sequence, Stream = row.PersistenceId, Kind = EventKind.Passed };

    /// <summary>Waits until there may be more, or until it is time to look at the journal again.</summary>
    public static async Task WaitAsync(
        IJournal journal, long position, TimeSpan longest, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(longest);
        try
        {
            await journal.WaitForMoreAsync(position, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            // Nothing came; the next reading shows whether what was there still is.
        }
    }
}

/// <summary>
/// The journal is not the one that the read models were fed from: a backup was restored, or commits were lost.
/// </summary>
internal sealed class WentBackException(long position) : Exception(
    $"journal went back: the row at position {position} is gone or is another one than was read. "
    + "Rebuild the read models once the journal is known to be the right one.")
{
    public long Position { get; } = position;
}
