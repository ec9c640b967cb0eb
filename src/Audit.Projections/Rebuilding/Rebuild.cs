using Audit.Journal;
using Audit.Lifecycle;

namespace Audit.Projections;

/// <summary>Fills a second store from the first position on, as the first one was, and puts it in the first one's place.</summary>
internal sealed class Rebuild(IReadStore live, IJournal journal, RecordHasher hasher, FeedLimits limits)
{
    /// <summary>Under load the end moves on while one catches up; what is left then is caught up after the swap.</summary>
    private const int MostRounds = 3;

    private int running;

    public async Task RunAsync(IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref running, 1) != 0)
        {
            throw new ReadModelsException("The read models are being rebuilt already.");
        }

        try
        {
            var next = await live.CreateNextAsync(cancellation).ConfigureAwait(false);
            await using (next.ConfigureAwait(false))
            {
                await CopySkippedAsync(next, cancellation).ConfigureAwait(false);
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
            ?? throw new ReadModelsException("Somebody else writes to the read models that are being rebuilt.");
        await using (lead.ConfigureAwait(false))
        {
            var done = -1L;
            for (var round = 0; round < MostRounds && done < await journal.LastPositionAsync(cancellation).ConfigureAwait(false); round++)
            {
                var end = await journal.LastPositionAsync(cancellation).ConfigureAwait(false);
                done = Math.Max(done, 0);
                await new Pipeline(journal, hasher, limits).RunAsync(
                    lead,
                    follow: false,
                    batch =>
                    {
                        done = batch.To.Position;
                        progress?.Report(new RebuildProgress(done, Math.Max(done, end)));
                    },
                    cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task CopySkippedAsync(IReadStore next, CancellationToken cancellation)
    {
        var skipped = await live.ReadAsync(
            session => session.QueryAsync(
                "SELECT position, reason FROM skipped", [], row => (Position: row.Number(0), Reason: row.Text(1)), cancellation),
            cancellation).ConfigureAwait(false);
        var made = await next.TryLeadAsync(cancellation).ConfigureAwait(false);
        await (made?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
        foreach (var (position, reason) in skipped)
        {
            await next.ExecuteAsync(
                "INSERT INTO skipped (position, reason) VALUES ($1, $2)", [position, reason], cancellation).ConfigureAwait(false);
        }
    }
}
