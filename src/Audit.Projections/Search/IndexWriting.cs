using System.Diagnostics;
using Audit.Projections.Feeding;
using Audit.Projections.Folding;

namespace Audit.Projections.Search;

/// <summary>
/// Reads the journal on from the index's own offset, and writes what it says, one batch ahead of the other.
/// </summary>
internal sealed class IndexWriting(IJournal journal, FeedLimits limits)
{
    /// <summary>While others are busy it rests so many times as long as it worked.</summary>
    private const int RestsTimes = 3;

    // One is filled while the other is being written.
    private ArrayBufferWriter<byte> text = new();
    private ArrayBufferWriter<byte> otherText = new();

    /// <param name="from">Where it begins; null for where the store stands.</param>
    /// <param name="follow">How more is waited for at the journal's end; null to end there.</param>
    /// <param name="committed">Called with every batch once it is written.</param>
    /// <param name="rest">Done when there is nothing more to index, before more is waited for.</param>
    /// <param name="isBusy">
    /// Whether what people wait for more than for the index has work to do; the index then gives way.
    /// </param>
    /// <exception cref="WentBackException">The journal is another one.</exception>
    /// <exception cref="OffsetMovedException">The store is another one.</exception>
    public async Task RunAsync(
        IReadLead lead, ReadOffset? from, Following? follow, Action<IndexBatch> committed, Func<Task> rest,
        Func<ValueTask<bool>> isBusy, CancellationToken cancellation)
    {
        var offset = from ?? (await OffsetRow.ReadAsync(lead, OffsetRow.Search, cancellation)).Offset;
        var indexer = new EventIndexer(journal);
        var writing = Task.CompletedTask;
        try
        {
            while (true)
            {
                var begun = Stopwatch.GetTimestamp();
                await JournalFeed.CheckAsync(journal, offset, cancellation);
                var (batch, isEnd) = await ReadAsync(indexer, offset, cancellation);
                await writing;
                if (batch.To != offset)
                {
                    offset = batch.To;
                    writing = Task.Run(() => WriteAsync(lead, batch, committed, cancellation), CancellationToken.None);
                    if (await isBusy())
                    {
                        await writing;
                        await GivingWay.RestAsync(RestsTimes, begun, cancellation);
                    }
                }
                else if (follow is null)
                {
                    return;
                }

                if (follow is not null && isEnd)
                {
                    await writing;
                    await rest();
                    await follow.WaitAsync(journal, offset.Position, cancellation);
                }
            }
        }
        finally
        {
            // Whatever ended it, nobody else may use the connection before the last write has.
            await writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(IndexBatch Batch, bool IsEnd)> ReadAsync(EventIndexer indexer, ReadOffset from, CancellationToken cancellation)
    {
        (text, otherText) = (otherText, text);
        text.ResetWrittenCount();
        var batch = new IndexBatch(from, text);
        JournalRow? last = null;
        var isWhole = true;
        for (var rows = 0; isWhole && rows < limits.Rows && batch.Text.WrittenCount < IndexLimits.BatchBytes;)
        {
            var limit = Math.Min(limits.PageRows, limits.Rows - rows);
            var page = await journal.ReadAfterAsync(
                last?.Position ?? from.Position, limit, limits.PageBytes, cancellation);
            foreach (var row in page)
            {
                if (row.IsProven)
                {
                    await indexer.AddAsync(row, batch, cancellation);
                }

                last = row;
            }

            rows += page.Count;
            isWhole = page.Count == limit;
        }

        if (last is not null)
        {
            batch.To = new ReadOffset(last.Position, RowDigest.Of(last));
            batch.CreatedTicks = last.CreatedTicks;
        }

        return (batch, !isWhole);
    }

    private static async Task WriteAsync(
        IReadLead lead, IndexBatch batch, Action<IndexBatch> committed, CancellationToken cancellation)
    {
        if (!await lead.WriteAsync(batch, cancellation))
        {
            throw new OffsetMovedException();
        }

        committed(batch);
    }
}
