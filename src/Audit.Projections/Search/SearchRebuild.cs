using Audit.Projections.Feeding;
using Audit.Projections.Stores;

namespace Audit.Projections.Search;

/// <summary>The rebuild of the text index.</summary>
internal sealed class SearchRebuild(IReadStore live, IJournal journal, FeedLimits limits)
    : Rebuild(live, journal, "text index", "is")
{
    private readonly IJournal journal = journal;

    protected override Task FeedAsync(IReadLead lead, Action<long> committed, CancellationToken cancellation) =>
        new IndexWriting(journal, limits).RunAsync(
            lead, follow: false, batch => committed(batch.To.Position), () => Task.CompletedTask, () => ValueTask.FromResult(false),
            cancellation);
}
