using Audit.Projections.Stores;

namespace Audit.Projections.Feeding;

/// <summary>The rebuild of the read models; what an operator had skipped stays skipped.</summary>
internal sealed class ModelsRebuild(IReadStore live, IJournal journal, RecordHasher hasher, FeedLimits limits)
    : Rebuild(live, journal, "read models", "are")
{
    private readonly IReadStore live = live;
    private readonly IJournal journal = journal;

    protected override Task FeedAsync(IReadLead lead, Action<long> committed, CancellationToken cancellation) =>
        new Pipeline(journal, hasher, limits).RunAsync(lead, follow: false, batch => committed(batch.To.Position), cancellation);

    protected override async Task PrepareAsync(IReadStore next, CancellationToken cancellation)
    {
        var skipped = await live.ReadAsync(
            session => session.QueryAsync(
                "SELECT position, reason FROM skipped", [], row => (Position: row.Number(0), Reason: row.Text(1)), cancellation),
            cancellation);
        var made = await next.TryLeadAsync(cancellation);
        await (made?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (var (position, reason) in skipped)
        {
            await next.ExecuteAsync(
                "INSERT INTO skipped (position, reason) VALUES ($1, $2)", [position, reason], cancellation);
        }
    }
}
