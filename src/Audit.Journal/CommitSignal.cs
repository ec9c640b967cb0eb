namespace Audit.Journal;

/// <summary>Knows the last position that was seen committed, and wakes those who wait for a later one.</summary>
internal sealed class CommitSignal(
    Func<CancellationToken, Task<long>> readLastPosition, FailureLog failures, TimeProvider? clock = null,
    TaskCreationOptions waking = TaskCreationOptions.RunContinuationsAsynchronously)
{
    /// <summary>A lost wake-up costs no more than this.</summary>
    private static readonly TimeSpan SafetyNet = TimeSpan.FromSeconds(3);

    private readonly Lock gate = new();
    private TaskCompletionSource next = new(waking);
    private long last;

    public void Advance(long position)
    {
        TaskCompletionSource wake;
        lock (gate)
        {
            if (position <= last)
            {
                return;
            }

            last = position;
            wake = next;
            next = new(waking);
        }
        wake.SetResult();
    }

    /// <summary>Waits until the last position is after the given one, and returns it.</summary>
    public async Task<long> WaitAsync(long position, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            Task advance;
            lock (gate)
            {
                if (last > position)
                {
                    return last;
                }

                advance = next.Task;
            }
            await advance.WaitAsync(SafetyNet, clock ?? TimeProvider.System, cancellation).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (!advance.IsCompleted && !cancellation.IsCancellationRequested)
            {
                await LookAsync(cancellation);
            }
        }
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        try
        {
            Advance(await readLastPosition(cancellation));
        }
        catch (JournalUnavailableException failure)
        {
            failures.Report("journal commit signal", failure);
            // Who waits for more can wait for the journal to come back as well.
        }
    }
}
