namespace Audit.Integrity.Sealing;

/// <summary>
/// Knows how far the log is, from this node's sealer or, where another node seals, by looking now and then.
/// </summary>
internal sealed class LogHeads(LogStore store)
{
    private static readonly TimeSpan OldestKnown = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim looking = new(1);
    private readonly Lock gate = new();
    private TaskCompletionSource next = NewSource();
    private LogHead? known;
    private long knownAt = long.MinValue / 2;

    /// <summary>The log's head, at most a moment old; null before there is a log.</summary>
    public async Task<LogHead?> ReadAsync(CancellationToken cancellation)
    {
        if (Recent(out var head))
        {
            return head;
        }

        await looking.WaitAsync(cancellation);
        try
        {
            if (Recent(out head))
            {
                return head;
            }

            var logs = await store.ReadLogsAsync(cancellation);
            var stored = logs.Count == 0
                ? null
                : await store.ReadLastCheckpointAsync(logs[^1].Number, cancellation);
            head = logs.Count == 0 ? null : new LogHead(logs[^1], stored);
            Set(head);
            return head;
        }
        finally
        {
            looking.Release();
        }
    }

    public void Set(LogHead? head)
    {
        TaskCompletionSource? wake = null;
        lock (gate)
        {
            knownAt = Environment.TickCount64;
            // Those who wait look themselves, and must not wake each other with what they all know.
            if (known != head)
            {
                wake = next;
                next = NewSource();
            }
            known = head;
        }
        wake?.SetResult();
    }

    /// <summary>Waits until a position is sealed.</summary>
    /// <returns>False when the log is halted, and so will not come to it.</returns>
    public async Task<bool> WaitAsync(long position, CancellationToken cancellation)
    {
        while (true)
        {
            Task change;
            lock (gate)
            {
                change = next.Task;
            }

            var head = await ReadAsync(cancellation);
            if (head?.LastPosition >= position)
            {
                return true;
            }

            if (head?.Log.Halt is not null)
            {
                return false;
            }

            await change.WaitAsync(OldestKnown, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private bool Recent(out LogHead? head)
    {
        lock (gate)
        {
            head = known;
            return Environment.TickCount64 - knownAt < OldestKnown.TotalMilliseconds;
        }
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>How far a store's log is.</summary>
/// <param name="Stored">The newest checkpoint; null before the first.</param>
public sealed record LogHead(LogRecord Log, StoredCheckpoint? Stored)
{
    public long Size => Stored?.Size ?? 0;

    /// <summary>The last position that is sealed, 0 for none.</summary>
    public long LastPosition => Stored?.LastPosition ?? 0;
}
