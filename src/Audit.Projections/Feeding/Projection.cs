using Audit.Projections.Facts;
using Audit.Projections.Folding;
using Audit.Projections.Stores;

namespace Audit.Projections.Feeding;

/// <summary>Feeds the read models as long as this node lives, or stands by while another node does.</summary>
internal sealed class Projection : Feed
{
    private const int LongestSentence = 2_000;

    private readonly IReadStore store;
    private readonly IJournal journal;
    private readonly RecordHasher hasher;
    private readonly ReadSideOptions options;
    private volatile ProjectionStatus status = new(ProjectionState.Starting, 0, null, null, TimeSpan.Zero);

    public Projection(IReadStore store, IJournal journal, RecordHasher hasher, ReadSideOptions options)
        : base(store, options.Limits)
    {
        this.store = store;
        this.journal = journal;
        this.hasher = hasher;
        this.options = options;
        Begin();
    }

    public ProjectionStatus Status => status;

    protected override void NoteTrouble(string sentence) => status = status with { State = ProjectionState.Away, Sentence = sentence };

    protected override async Task FollowAsync()
    {
        var row = await store.ReadAsync(session => OffsetRow.ReadAsync(session, Stopping), Stopping);
        var state = row.HaltedAt is null ? ProjectionState.Following : ProjectionState.Halted;
        status = new ProjectionStatus(state, row.Offset.Position, row.HaltedAt, row.Sentence, TimeSpan.Zero);
    }

    protected override async Task LeadAsync(IReadLead lead)
    {
        var row = await OffsetRow.ReadAsync(lead, Stopping);
        var state = row.HaltedAt is null ? ProjectionState.Projecting : ProjectionState.Halted;
        status = new ProjectionStatus(state, row.Offset.Position, row.HaltedAt, row.Sentence, status.Lag);
        try
        {
            await new Pipeline(journal, hasher, options.Limits)
                .RunAsync(lead, follow: true, Advance, Stopping);
        }
        catch (PoisonException poison)
        {
            await HaltAsync(poison.Position, poison.Message);
        }
        catch (WentBackException back)
        {
            await HaltAsync(back.Position, back.Message);
        }
        catch (OffsetMovedException)
        {
            // The store was swapped for one that was rebuilt: it says itself how far it is.
        }
    }

    private void Advance(FactBatch batch)
    {
        var lag = options.Clock.GetUtcNow().UtcTicks - batch.CreatedTicks;
        status = new ProjectionStatus(
            ProjectionState.Projecting, batch.To.Position, null, null, TimeSpan.FromTicks(Math.Max(lag, 0)));
    }

    private Task HaltAsync(long position, string sentence)
    {
        var told = (sentence.Length > LongestSentence ? sentence[..LongestSentence] : sentence).Replace('\0', ' ');
        status = status with { State = ProjectionState.Halted, HaltedAt = position, Sentence = told };
        return HaltAsync(OffsetRow.Models, position, told);
    }
}
