using Audit.Journal;

namespace Audit.Projections;

/// <summary>Fills a second store from the first position on, as the first one was, and puts it in the first one's place.</summary>
/// <param name="what">What is rebuilt, as sentences name it.</param>
/// <param name="verb">Is it one, or are they many.</param>
internal abstract class Rebuild(IReadStore live, IJournal journal, string what, string verb)
{
    /// <summary>Under load the end moves on while one catches up; what is left then is caught up after the swap.</summary>
    private const int MostRounds = 3;

    private int running;

    public async Task RunAsync(IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref running, 1) != 0)
        {
            throw new ReadModelsException($"The {what} {verb} being rebuilt already.");
        }

        try
        {
            var next = await live.CreateNextAsync(cancellation).ConfigureAwait(false);
            await using (next.ConfigureAwait(false))
            {
                await PrepareAsync(next, cancellation).ConfigureAwait(false);
                await FillAsync(next, progress, cancellation).ConfigureAwait(false);
                await live.ReplaceByAsync(next, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref running, 0);
        }
    }

    /// <summary>Takes over what is not made of the journal.</summary>
    protected virtual Task PrepareAsync(IReadStore next, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Feeds a store from where it is to the journal's end.</summary>
    /// <param name="committed">Told of every batch once it is written, by its last position.</param>
    protected abstract Task FeedAsync(IReadLead lead, Action<long> committed, CancellationToken cancellation);

    private async Task FillAsync(IReadStore next, IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        var lead = await next.TryLeadAsync(cancellation).ConfigureAwait(false)
            ?? throw new ReadModelsException($"Somebody else writes to the {what} that {verb} being rebuilt.");
        await using (lead.ConfigureAwait(false))
        {
            var done = -1L;
            for (var round = 0; round < MostRounds && done < await journal.LastPositionAsync(cancellation).ConfigureAwait(false); round++)
            {
                var end = await journal.LastPositionAsync(cancellation).ConfigureAwait(false);
                done = Math.Max(done, 0);
                await FeedAsync(
                    lead,
                    position =>
                    {
                        done = position;
                        progress?.Report(new RebuildProgress(done, Math.Max(done, end)));
                    },
                    cancellation).ConfigureAwait(false);
            }
        }
    }
}
