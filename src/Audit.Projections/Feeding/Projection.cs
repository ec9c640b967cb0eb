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

    protected override Task FeedAsync(IReadLead lead) => pipeline.RunAsync(lead, Stands, Following, Advance, Stopping);

    private void Advance(FactBatch batch) => Status = Advanced(batch.To, batch.CreatedTicks);
}

/// <summary>What a node does about the read models, or about the text index.</summary>
public enum ProjectionState : byte
{
    Starting,

    /// <summary>It feeds them.</summary>
    Projecting,

    /// <summary>Another node feeds them; this one takes over when that one dies.</summary>
    Following,

    /// <summary>An event cannot be read, or the journal went back: a person has to look.</summary>
    Halted,

    /// <summary>The journal or the read models cannot be reached; it is tried again.</summary>
    Away,
}

/// <summary>A look at the projection of the read models, or at that of the text index.</summary>
/// <param name="Position">Everything up to here is in the read models.</param>
/// <param name="HaltedAt">With a halt: the position of the event in its way.</param>
/// <param name="Sentence">With a halt, or with trouble: what is wrong.</param>
/// <param name="Lag">
/// How old the newest event was when the read models had it, the last time this node fed them.
/// </param>
public record ProjectionStatus(ProjectionState State, long Position, long? HaltedAt, string? Sentence, TimeSpan Lag)
{
    /// <summary>The journal is not the one any more that the read models were made of: only a rebuild helps.</summary>
    public bool JournalChanged => State == ProjectionState.Halted && HaltedAt == Position;
}
