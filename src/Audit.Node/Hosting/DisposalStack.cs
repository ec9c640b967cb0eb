namespace Audit.Node.Hosting;

/// <summary>What is to be undone, the last first; what cannot be undone keeps nothing before it from being.</summary>
internal sealed class DisposalStack : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> steps = [];

    public T Add<T>(T part) where T : IAsyncDisposable
    {
        Add(part.DisposeAsync);
        return part;
    }

    public void Add(Func<ValueTask> step) => steps.Push(step);

    public async ValueTask DisposeAsync()
    {
        List<Exception> failures = [];
        while (steps.TryPop(out var step))
        {
            try
            {
                await step();
            }
            catch (Exception failure)
            {
                failures.Add(failure);
            }
        }

        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new AggregateException(failures);
        }
    }
}
