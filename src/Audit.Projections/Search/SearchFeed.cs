using Audit.Journal;

namespace Audit.Projections;

/// <summary>Feeds the text index as long as this node lives, or stands by while another node does. It holds up nobody.</summary>
internal sealed class SearchFeed : IAsyncDisposable
{
    private const string UnreadSql =
        "SELECT count(*), max(position), (SELECT sentence FROM unread ORDER BY position DESC LIMIT 1) FROM unread";

    private const string HaltSql = "UPDATE offsets SET halted_at = $1, sentence = $2 WHERE name = $3";

    private static readonly TimeSpan StandBy = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim nudge = new(0);
    private readonly IReadStore store;
    private readonly IIndexReader reader;
    private readonly IJournal journal;
    private readonly ReadSideOptions options;
    private readonly Func<ValueTask<bool>> isBusy;
    private readonly Task work;
    private volatile SearchStatus status = new(ProjectionState.Starting, 0, null, TimeSpan.Zero, 0, null, null);

    public SearchFeed(IReadStore store, IIndexReader reader, IJournal journal, ReadSideOptions options, Func<ValueTask<bool>> isBusy)
    {
        this.store = store;
        this.reader = reader;
        this.journal = journal;
        this.options = options;
        this.isBusy = isBusy;
        work = Task.Run(WorkAsync);
    }

    public SearchStatus Status => status;

    /// <summary>Looks again at once: something was done about a halt.</summary>
    public void Nudge() => nudge.Release();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        nudge.Dispose();
    }

    private async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await LeadOrFollowAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                // Whatever it is, what was not committed is read again from the journal.
                status = status with { State = ProjectionState.Away, Sentence = trouble.Message };
                await PauseAsync(StandBy).ConfigureAwait(false);
            }
        }
    }

    private async Task LeadOrFollowAsync()
    {
        var lead = await store.TryLeadAsync(stop.Token).ConfigureAwait(false);
        if (lead is null)
        {
            await LookAsync(ProjectionState.Following).ConfigureAwait(false);
            await PauseAsync(StandBy).ConfigureAwait(false);
            return;
        }

        await using (lead.ConfigureAwait(false))
        {
            while (true)
            {
                await LeadAsync(lead).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Returns when something stopped it that is worth another try on the same connection.</summary>
    private async Task LeadAsync(IReadLead lead)
    {
        await LookAsync(ProjectionState.Projecting).ConfigureAwait(false);
        try
        {
            await new Indexing(journal, options.Limits)
                .RunAsync(lead, follow: true, Advance, () => reader.RestAsync(store, stop.Token), isBusy, stop.Token).ConfigureAwait(false);
        }
        catch (WentBackException back)
        {
            status = status with { State = ProjectionState.Halted, Sentence = back.Message };
            await store.ExecuteAsync(HaltSql, [back.Position, back.Message, OffsetRow.Search], stop.Token).ConfigureAwait(false);
            await PauseAsync(options.Limits.Patience).ConfigureAwait(false);
        }
        catch (OffsetMovedException)
        {
            // The store was swapped for one that was rebuilt: it says itself how far it is.
        }
    }

    private void Advance(IndexBatch batch)
    {
        var lag = options.Clock.GetUtcNow().UtcTicks - batch.CreatedTicks;
        var known = status;
        status = new SearchStatus(
            ProjectionState.Projecting, batch.To.Position, null, TimeSpan.FromTicks(Math.Max(lag, 0)), known.Unread + batch.Unread.Count,
            batch.Unread.Count > 0 ? batch.Unread[^1].Position : known.LastUnread,
            batch.Unread.Count > 0 ? batch.Unread[^1].Sentence : known.LastUnreadSentence);
    }

    /// <summary>Reads from the store how far the index is.</summary>
    private async Task LookAsync(ProjectionState state) =>
        status = await store.ReadAsync(
            async session =>
            {
                var row = await OffsetRow.ReadAsync(session, OffsetRow.Search, stop.Token).ConfigureAwait(false);
                var unread = await session.QueryAsync(
                    UnreadSql,
                    [],
                    found => (Count: found.Number(0), Last: found.IsNull(1) ? (long?)null : found.Number(1), Sentence: found.IsNull(2) ? null : found.Text(2)),
                    stop.Token).ConfigureAwait(false);
                return new SearchStatus(
                    row.HaltedAt is null ? state : ProjectionState.Halted, row.Offset.Position, row.Sentence, status.Lag, unread[0].Count,
                    unread[0].Last, unread[0].Sentence);
            },
            stop.Token).ConfigureAwait(false);

    private async Task PauseAsync(TimeSpan longest)
    {
        try
        {
            await nudge.WaitAsync(longest, stop.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop sees for itself that it is to end.
        }
    }
}
