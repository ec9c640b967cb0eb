namespace Audit.Projections.Feeding;

/// <summary>
/// Fills a second store from the first position on, as the first one was, and puts it in the first one's place.
/// </summary>
/// <param name="what">What is rebuilt, as sentences name it.</param>
/// <param name="verb">Is it one, or are they many.</param>
internal abstract class Rebuild(IReadStore live, IJournal journal, string what, string verb)
{
    /// <summary>
    /// Under load the end moves on while one catches up; what is left then is caught up after the swap.
    /// </summary>
    private const int MostRounds = 3;

    private int running;

    /// <param name="isUnhurried">It rests between its batches, for others write the journal meanwhile.</param>
    public async Task RunAsync(
        IProgress<RebuildProgress>? progress, CancellationToken cancellation, bool isUnhurried = false)
    {
        if (Interlocked.Exchange(ref running, 1) != 0)
        {
            throw new ReadModelsException($"The {what} {verb} being rebuilt already.");
        }

        try
        {
            await using var next = await live.CreateNextAsync(cancellation);
            await PrepareAsync(next, cancellation);
            await FillAsync(next, isUnhurried, progress, cancellation);
            await live.ReplaceByAsync(next, cancellation);
        }
        finally
        {
            Volatile.Write(ref running, 0);
        }
    }

    /// <summary>Takes over what is not made of the journal.</summary>
    protected virtual Task PrepareAsync(IReadStore next, CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>Feeds a store from where it is to the journal's end.</summary>
    /// <param name="committed">Called for every batch once it is written, with its last position.</param>
    protected abstract Task FeedAsync(
        IReadLead lead, bool isUnhurried, Action<long> committed, CancellationToken cancellation);

    private async Task FillAsync(
        IReadStore next, bool isUnhurried, IProgress<RebuildProgress>? progress, CancellationToken cancellation)
    {
        await using var lead = await next.TryLeadAsync(cancellation)
            ?? throw new ReadModelsException($"Somebody else writes to the {what} that {verb} being rebuilt.");
        var done = -1L;
        for (var round = 0; round < MostRounds && done < await journal.LastPositionAsync(cancellation); round++)
        {
            var end = await journal.LastPositionAsync(cancellation);
            done = Math.Max(done, 0);
            await FeedAsync(
                lead, isUnhurried,
                position =>
                {
                    done = position;
                    progress?.Report(new RebuildProgress(done, Math.Max(done, end)));
                },
                cancellation);
        }
    }
}

/// <summary>The rebuild of the read models; what an operator had skipped stays skipped.</summary>
internal sealed class ModelsRebuild(IReadStore live, IJournal journal, FeedLimits limits)
    : Rebuild(live, journal, "read models", "are")
{
    /// <summary>Nobody waits for it: a fifth of the time leaves a node of two processors nearly all for the intake.</summary>
    private const int RestsTimes = 4;

    private readonly IReadStore live = live;
    private readonly IJournal journal = journal;

    protected override Task FeedAsync(
        IReadLead lead, bool isUnhurried, Action<long> committed, CancellationToken cancellation) =>
        new Pipeline(journal, isUnhurried ? limits with { RestsTimes = RestsTimes } : limits).RunAsync(
            lead, null, follow: null, batch => committed(batch.To.Position), cancellation);

    protected override async Task PrepareAsync(IReadStore next, CancellationToken cancellation)
    {
        var skipped = await live.ReadAsync(
            session => session.QueryAsync(
                "SELECT position, reason FROM skipped", [], row => (Position: row.Number(0), Reason: row.Text(1)),
                cancellation),
            cancellation);
        await next.MakeTablesAsync(cancellation);
        foreach (var (position, reason) in skipped)
        {
            await next.ExecuteAsync(
                "INSERT INTO skipped (position, reason) VALUES ($1, $2)", [position, reason], cancellation);
        }
    }
}

/// <summary>How far a rebuild is: a position, of the journal's last.</summary>
public readonly record struct RebuildProgress(long Position, long End);
