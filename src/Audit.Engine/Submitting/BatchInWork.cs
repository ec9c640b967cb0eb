namespace Audit.Engine.Submitting;

/// <summary>A submitted batch on its way through an engine; done when each of its items has a receipt.</summary>
internal sealed class BatchInWork(IReadOnlyList<Submission> items)
{
    private readonly Receipt[] receipts = new Receipt[items.Count];
    private readonly TaskCompletionSource<Receipt[]> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int open = items.Count;

    public IReadOnlyList<Submission> Items => items;

    public Task<Receipt[]> Done => done.Task;

    public void Answer(int index, Receipt receipt)
    {
        receipts[index] = receipt;
        if (Interlocked.Decrement(ref open) == 0)
        {
            done.TrySetResult(receipts);
        }
    }

    /// <summary>Gives all that have no receipt yet this one; what is answered after it counts no more.</summary>
    public void GiveUp(Receipt receipt) => done.TrySetResult(Array.ConvertAll(receipts, given => given ?? receipt));
}
