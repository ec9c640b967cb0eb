namespace Audit.Engine.Submitting;

/// <summary>
/// The way into an engine: lets in as many as may wait, hands each batch on in the order of the calls, and closes for
/// good once all that was let in has its receipts.
/// </summary>
internal sealed class SubmissionGate(EngineOptions options, Action<BatchInWork> handOn)
{
    private readonly Admission admission = new(options.MaxWaiting, options.MaxWaitingBytes);
    private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int batches;
    private int closing;

    public long Items => admission.Items;

    public long Bytes => admission.Bytes;

    public bool IsFull => admission.IsFull;

    /// <exception cref="EngineStoppedException">The gate is closed; nothing of the batch was taken.</exception>
    public async Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        if (batch.Count == 0)
        {
            return [];
        }

        var bytes = batch.Sum(submission => (long)submission.Bytes);
        Enter();
        try
        {
            var work = new BatchInWork(batch);
            await admission.EnterAsync(batch.Count, bytes, () => handOn(work), cancellation);
            try
            {
                return await work.Done;
            }
            finally
            {
                admission.Leave(batch.Count, bytes);
            }
        }
        finally
        {
            Exit();
        }
    }

    /// <summary>Lets nothing in any more and waits until every item in work has its receipt.</summary>
    /// <returns>True for the first who closes it.</returns>
    public async Task<bool> CloseAsync()
    {
        var isFirst = Interlocked.Exchange(ref closing, 1) == 0;
        if (isFirst)
        {
            Exit();
        }

        await drained.Task;
        return isFirst;
    }

    /// <summary>Batches in work are counted from one below, so that the stop itself is the last to leave.</summary>
    private void Enter()
    {
        Interlocked.Increment(ref batches);
        if (Volatile.Read(ref closing) != 0)
        {
            Exit();
            throw new EngineStoppedException();
        }
    }

    private void Exit()
    {
        if (Interlocked.Decrement(ref batches) < 0)
        {
            drained.TrySetResult();
        }
    }
}

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
