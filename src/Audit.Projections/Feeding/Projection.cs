using Audit.Projections.Folding;

namespace Audit.Projections.Feeding;

/// <summary>Feeds the read models.</summary>
internal sealed class Projection : Feed<ProjectionStatus>
{
    private readonly Pipeline pipeline;

    public Projection(IReadStore store, IJournal journal, ReadSideOptions options)
        : base(
            store, options, OffsetRow.Models, ReadStoreKind.Models.What,
            new(ProjectionState.Starting, 0, null, null, TimeSpan.Zero))
    {
        pipeline = new Pipeline(journal, options.Limits);
        Begin();
    }

    protected override Task<ProjectionStatus> CompleteAsync(ProjectionStatus known, IReadSession session) =>
        Task.FromResult(known);

    protected override Task FeedAsync(IReadLead lead) => pipeline.RunAsync(lead, follow: true, Advance, Stopping);

    private void Advance(FactBatch batch) => Status = Advanced(batch.To.Position, batch.CreatedTicks);
}
