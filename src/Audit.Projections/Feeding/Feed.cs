using Audit.Projections.Stores;

namespace Audit.Projections.Feeding;

/// <summary>Feeds a store as long as this node lives, or stands by while another node does.</summary>
internal abstract class Feed(IReadStore store, FeedLimits limits) : IAsyncDisposable
{
    private static readonly TimeSpan StandBy = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource stop = new();
    private readonly SemaphoreSlim nudge = new(0);
    private Task work = Task.CompletedTask;

    protected CancellationToken Stopping => stop.Token;

    /// <summary>Looks again at once: something was done about a halt.</summary>
    public void Nudge() => nudge.Release();

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        nudge.Dispose();
    }

    /// <summary>To be called once, by a constructor when it has all it needs.</summary>
    protected void Begin() => work = Task.Run(WorkAsync);

    /// <summary>Returns when something stopped it that is worth another try on the same connection.</summary>
    protected abstract Task LeadAsync(IReadLead lead);

    /// <summary>Learns from the store how far the node is that leads.</summary>
    protected abstract Task FollowAsync();

    protected abstract void NoteTrouble(string sentence);

    /// <summary>Notes in the store what is in the way.</summary>
    protected async Task HaltAsync(string offset, long position, string sentence)
    {
        await store.ExecuteAsync(
            "UPDATE offsets SET halted_at = $1, sentence = $2 WHERE name = $3", [position, sentence, offset], stop.Token);

        // Looked at again now and then, for another node may have been told what to do about it.
        await PauseAsync(limits.Patience);
    }

    private async Task WorkAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await LeadOrFollowAsync();
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception trouble)
            {
                // Whatever it is, what was not committed is read again from the journal.
                NoteTrouble(trouble.Message);
                await PauseAsync(StandBy);
            }
        }
    }

    private async Task LeadOrFollowAsync()
    {
        var lead = await store.TryLeadAsync(stop.Token);
        if (lead is null)
        {
            await FollowAsync();
            await PauseAsync(StandBy);
            return;
        }

        await using (lead)
        {
            while (true)
            {
                await LeadAsync(lead);
            }
        }
    }

    private async Task PauseAsync(TimeSpan longest)
    {
        try
        {
            await nudge.WaitAsync(longest, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // The loop sees for itself that it is to end.
        }
    }
}
