using Audit.Journal;

namespace Audit.Projections;

/// <summary>Fills a second index from the first position on, and puts it in the place of the live one.</summary>
internal sealed class SearchRebuild(IReadStore live, IJournal journal, FeedLimits limits)
{
    /// <summary>Under load the end moves on while one catches up; what is left then is caught up after the swap.</summary>
    private const int MostRounds = 3;

    private int running;

    public async Task RunAsync(IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref running, 1) != 0)
        {
            throw new ReadModelsException("The text index is being rebuilt already.");
        }

        try
        {
            var next = await live.CreateNextAsync(cancellation).ConfigureAwait(false);
            await using (next.ConfigureAwait(false))
            {
                await FillAsync(next, progress, cancellation).ConfigureAwait(false);
                await live.ReplaceByAsync(next, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref running, 0);
        }
    }

    private async Task FillAsync(IReadStore next, IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        var lead = await next.TryLeadAsync(cancellation).ConfigureAwait(false)
            ?? throw new ReadModelsException("Somebody else writes to the text index that is being rebuilt.");
        await using (lead.ConfigureAwait(false))
        {
            var done = -1L;
            for (var round = 0; round < MostRounds && done < await journal.LastPositionAsync(cancellation).ConfigureAwait(false); round++)
            {
                var end = await journal.LastPositionAsync(cancellation).ConfigureAwait(false);
                done = Math.Max(done, 0);
                await new Indexing(journal, limits).RunAsync(
                    lead,
                    follow: false,
                    batch =>
                    {
                        done = batch.To.Position;
                        progress?.Report(new RebuildProgress(done, Math.Max(done, end)));
                    },
                    () => Task.CompletedTask,
                    () => ValueTask.FromResult(false),
                    cancellation).ConfigureAwait(false);
            }
        }
    }
}
