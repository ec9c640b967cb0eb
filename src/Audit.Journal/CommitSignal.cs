using System.Threading.Channels;

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
    private volatile bool isSetBack;

    /// <summary>The last position that was seen.</summary>
    public long Last
    {
        get
        {
            lock (gate)
            {
                return last;
            }
        }
    }

    /// <summary>
    /// Looks before an append whether the journal that was found set back has again what was seen of it, and knows
    /// afterwards what it committed.
    /// </summary>
    /// <exception cref="JournalSetBackException">
    /// The append was committed at positions that others have receipts for, or would be: no receipt may be given.
    /// </exception>
    public async Task AppendingAsync(
        int rows, Memory<long> positions, Func<Memory<long>, Task<long>> append, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(positions.Length, rows, nameof(positions));
        if (rows == 0)
        {
            return;
        }

        var given = positions[..rows];
        var known = Last;
        if (isSetBack && await readLastPosition(cancellation) < known)
        {
            throw SetBackBehind(known);
        }

        isSetBack = false;
        var written = await append(given);
        if (given.Span.IndexOfAnyExcept(0) is >= 0 and var first && given.Span[first] <= known)
        {
            isSetBack = true;
            throw SetBackBehind(known);
        }

        Advance(written);
    }

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

    public static JournalSetBackException SetBackBehind(long position) => new(
        $"The journal ends before position {position}, which was committed: it was set back, or another one was put in "
        + "its place.");
}

internal static class WriterQueue
{
    /// <exception cref="ObjectDisposedException">The writer takes nothing any more.</exception>
    public static async ValueTask PostAsync<T>(this ChannelWriter<T> queue, T work, CancellationToken cancellation)
    {
        try
        {
            await queue.WriteAsync(work, cancellation);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(nameof(IJournal), "The store is closed.");
        }
    }
}
