namespace Audit.Engine.Submitting;

/// <summary>
/// Bounds what waits for a receipt, in items and in bytes. Who comes when it is full waits in line; a batch that is
/// larger than the bound itself is let in alone.
/// </summary>
internal sealed class Admission(int maxItems, long maxBytes)
{
    private readonly Lock gate = new();
    private readonly Queue<Waiter> line = new();
    private long items;
    private long bytes;

    public long Items => Interlocked.Read(ref items);

    public long Bytes => Interlocked.Read(ref bytes);

    public bool IsFull
    {
        get
        {
            lock (gate)
            {
                return line.Count > 0 || items >= maxItems || bytes >= maxBytes;
            }
        }
    }

    /// <param name="entered">
    /// Done at the moment of entering, before anybody behind enters: batches are worked on in the order in which they
    /// came. It must not wait.
    /// </param>
    public async ValueTask EnterAsync(int newItems, long newBytes, Action entered, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (gate)
        {
            if (line.Count == 0 && Fits(newItems, newBytes))
            {
                Add(newItems, newBytes);
                entered();
                return;
            }

            waiter = new Waiter(newItems, newBytes, entered);
            line.Enqueue(waiter);
        }

        await using var _ = cancellation.Register(() => GiveUp(waiter, cancellation));
        await waiter.Entered.Task;
    }

    public void Leave(int oldItems, long oldBytes)
    {
        lock (gate)
        {
            Add(-oldItems, -oldBytes);
            LetIn();
        }
    }

    private void LetIn()
    {
        while (line.TryPeek(out var next) && (next.Entered.Task.IsCompleted || Fits(next.Items, next.Bytes)))
        {
            line.Dequeue();
            if (next.Entered.TrySetResult())
            {
                Add(next.Items, next.Bytes);
                next.Enter();
            }
        }
    }

    private void GiveUp(Waiter waiter, CancellationToken cancellation)
    {
        lock (gate)
        {
            waiter.Entered.TrySetCanceled(cancellation);
            LetIn();
        }
    }

    private bool Fits(int newItems, long newBytes) =>
        items == 0 || (items + newItems <= maxItems && bytes + newBytes <= maxBytes);

    private void Add(int moreItems, long moreBytes)
    {
        Interlocked.Add(ref items, moreItems);
        Interlocked.Add(ref bytes, moreBytes);
    }

    private sealed record Waiter(int Items, long Bytes, Action Enter)
    {
        public TaskCompletionSource Entered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
