using Audit.Projections.Feeding;

namespace Audit.Projections.Search;

/// <summary>A look at the text index.</summary>
public sealed record SearchStatus : ProjectionStatus
{
    internal SearchStatus(ProjectionStatus known) : base(known) { }

    /// <summary>How many events cannot be read, and so are not found.</summary>
    public long Unread { get; init; }

    /// <summary>The position of the last of them.</summary>
    public long? LastUnread { get; init; }

    /// <summary>What is wrong with it.</summary>
    public string? LastUnreadSentence { get; init; }
}

/// <summary>Feeds the text index; it holds up nobody.</summary>
internal sealed class SearchFeed : Feed<SearchStatus>
{
    private const string UnreadSql =
        "SELECT count(*), max(position), (SELECT sentence FROM unread ORDER BY position DESC LIMIT 1) FROM unread";

    private readonly IReadStore store;
    private readonly IIndexReader reader;
    private readonly IJournal journal;
    private readonly FeedLimits limits;
    private readonly Func<ValueTask<bool>> isBusy;

    public SearchFeed(
        IReadStore store, IIndexReader reader, IJournal journal, ReadSideOptions options, Func<ValueTask<bool>> isBusy)
        : base(
            store, options, OffsetRow.Search, ReadStoreKind.Search.What,
            new SearchStatus(new ProjectionStatus(ProjectionState.Starting, 0, null, null, TimeSpan.Zero)))
    {
        (this.store, this.reader, this.journal, this.isBusy) = (store, reader, journal, isBusy);
        limits = options.Limits;
        Begin();
    }

    protected override Task FeedAsync(IReadLead lead) => new IndexWriting(journal, limits).RunAsync(
        lead, Stands, Following, Advance, () => reader.RestAsync(store, Stopping), isBusy, Stopping);

    protected override async Task<SearchStatus> CompleteAsync(ProjectionStatus known, IReadSession session)
    {
        var unread = await session.QueryAsync(UnreadSql, [], row => new SearchStatus(known)
        {
            Unread = row.Number(0),
            LastUnread = row.IsNull(1) ? null : row.Number(1),
            LastUnreadSentence = row.IsNull(2) ? null : row.Text(2),
        }, Stopping);
        return unread[0];
    }

    private void Advance(IndexBatch batch)
    {
        var now = Advanced(batch.To, batch.CreatedTicks);
        Status = batch.Unread.Count == 0 ? now : now with
        {
            Unread = now.Unread + batch.Unread.Count,
            LastUnread = batch.Unread[^1].Position,
            LastUnreadSentence = batch.Unread[^1].Sentence,
        };
    }
}

/// <summary>The rebuild of the text index.</summary>
internal sealed class SearchRebuild(IReadStore live, IJournal journal, FeedLimits limits)
    : Rebuild(live, journal, "text index", "is")
{
    protected override Task FeedAsync(
        IReadLead lead, IJournal journal, bool isUnhurried, Action<long> committed, CancellationToken cancellation) =>
        new IndexWriting(journal, limits).RunAsync(
            lead, null, follow: null, batch => committed(batch.To.Position), () => Task.CompletedTask,
            () => ValueTask.FromResult(isUnhurried), cancellation);
}
