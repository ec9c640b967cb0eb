using Audit.Journal;
using Audit.Lifecycle;

namespace Audit.Projections;

/// <summary>Feeds the read models as long as this node lives, or stands by while another node does.</summary>
internal sealed class Projection : IAsyncDisposable
{
    private const int LongestSentence = 2_000;
    private static readonly TimeSpan StandBy = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AfterTrouble = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim nudge = new(0);
    private readonly IReadStore store;
    private readonly IJournal journal;
    private readonly RecordHasher hasher;
    private readonly ReadSideOptions options;
    private readonly Task work;
    private volatile ProjectionStatus status = new(ProjectionState.Starting, 0, null, null, TimeSpan.Zero);

    public Projection(IReadStore store, IJournal journal, RecordHasher hasher, ReadSideOptions options)
    {
        this.store = store;
        this.journal = journal;
        this.hasher = hasher;
        this.options = options;
        work = Task.Run(WorkAsync);
    }

    public ProjectionStatus Status => status;

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
                await PauseAsync(AfterTrouble).ConfigureAwait(false);
            }
        }
    }

    private async Task LeadOrFollowAsync()
    {
        var lead = await store.TryLeadAsync(stop.Token).ConfigureAwait(false);
        if (lead is null)
        {
            await FollowAsync().ConfigureAwait(false);
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

    private async Task FollowAsync()
    {
        var row = await store.ReadAsync(session => OffsetRow.ReadAsync(session, stop.Token), stop.Token).ConfigureAwait(false);
        var state = row.HaltedAt is null ? ProjectionState.Following : ProjectionState.Halted;
        status = new ProjectionStatus(state, row.Offset.Position, row.HaltedAt, row.Sentence, TimeSpan.Zero);
        await PauseAsync(StandBy).ConfigureAwait(false);
    }

    /// <summary>Returns when something stopped it that is worth another try on the same connection.</summary>
    private async Task LeadAsync(IReadLead lead)
    {
        var row = await OffsetRow.ReadAsync(lead, stop.Token).ConfigureAwait(false);
        var state = row.HaltedAt is null ? ProjectionState.Projecting : ProjectionState.Halted;
        status = new ProjectionStatus(state, row.Offset.Position, row.HaltedAt, row.Sentence, status.Lag);
        try
        {
            await new Pipeline(journal, hasher, options.Limits)
                .RunAsync(lead, follow: true, Advance, stop.Token).ConfigureAwait(false);
        }
        catch (PoisonException poison)
        {
            await HaltAsync(poison.Position, poison.Message).ConfigureAwait(false);
        }
        catch (WentBackException back)
        {
            await HaltAsync(back.Position, back.Message).ConfigureAwait(false);
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

    private async Task HaltAsync(long position, string sentence)
    {
        var told = (sentence.Length > LongestSentence ? sentence[..LongestSentence] : sentence).Replace('\0', ' ');
        status = status with { State = ProjectionState.Halted, HaltedAt = position, Sentence = told };
        await store.ExecuteAsync(
            "UPDATE offsets SET halted_at = $1, sentence = $2 WHERE name = $3", [position, told, OffsetRow.Models], stop.Token)
            .ConfigureAwait(false);

        // Looked at again now and then, for another node may have been told what to do about it.
        await PauseAsync(options.Limits.Patience).ConfigureAwait(false);
    }

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
