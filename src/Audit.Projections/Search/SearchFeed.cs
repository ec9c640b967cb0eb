using Audit.Projections.Feeding;
using Audit.Projections.Folding;
using Audit.Projections.Stores;

namespace Audit.Projections.Search;

/// <summary>Feeds the text index; it holds up nobody.</summary>
internal sealed class SearchFeed : Feed
{
    private const string UnreadSql =
        "SELECT count(*), max(position), (SELECT sentence FROM unread ORDER BY position DESC LIMIT 1) FROM unread";

    private readonly IReadStore store;
    private readonly IIndexReader reader;
    private readonly IJournal journal;
    private readonly ReadSideOptions options;
    private readonly Func<ValueTask<bool>> isBusy;
    private volatile SearchStatus status = new(ProjectionState.Starting, 0, null, TimeSpan.Zero, 0, null, null);

    public SearchFeed(IReadStore store, IIndexReader reader, IJournal journal, ReadSideOptions options, Func<ValueTask<bool>> isBusy)
        : base(store, options.Limits)
    {
        this.store = store;
        this.reader = reader;
        this.journal = journal;
        this.options = options;
        this.isBusy = isBusy;
        Begin();
    }

    public SearchStatus Status => status;

    protected override void NoteTrouble(string sentence) => status = status with { State = ProjectionState.Away, Sentence = sentence };

    protected override Task FollowAsync() => LookAsync(ProjectionState.Following);

    protected override async Task LeadAsync(IReadLead lead)
    {
        await LookAsync(ProjectionState.Projecting);
        try
        {
            await new IndexWriting(journal, options.Limits)
                .RunAsync(lead, follow: true, Advance, () => reader.RestAsync(store, Stopping), isBusy, Stopping);
        }
        catch (WentBackException back)
        {
            status = status with { State = ProjectionState.Halted, Sentence = back.Message };
            await HaltAsync(OffsetRow.Search, back.Position, back.Message);
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
                var row = await OffsetRow.ReadAsync(session, OffsetRow.Search, Stopping);
                var unread = await session.QueryAsync(
                    UnreadSql,
                    [],
                    found => (Count: found.Number(0), Last: found.IsNull(1) ? (long?)null : found.Number(1), Sentence: found.IsNull(2) ? null : found.Text(2)),
                    Stopping);
                return new SearchStatus(
                    row.HaltedAt is null ? state : ProjectionState.Halted, row.Offset.Position, row.Sentence, status.Lag, unread[0].Count,
                    unread[0].Last, unread[0].Sentence);
            },
            Stopping);
}
