namespace Audit.Engine;

/// <summary>A submitted batch on its way through the shards; done when each of its items has a receipt.</summary>
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
            done.SetResult(receipts);
        }
    }
}
