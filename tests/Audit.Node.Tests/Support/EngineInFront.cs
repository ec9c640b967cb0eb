namespace Audit.Node.Tests.Support;

/// <summary>Stands before the real engine and can fail in its place.</summary>
internal sealed class EngineInFront(IAuditEngine engine) : IAuditEngine
{
    /// <summary>Asked before every batch of call records; may throw, and may give receipts in the engine's place.</summary>
    public Func<IReadOnlyList<Submission>, Task<Receipt[]?>>? Instead { get; set; }

    /// <summary>Told of every batch before it goes on.</summary>
    public Action<IReadOnlyList<Submission>>? Sees { get; set; }

    public bool IsFull { get; set; }

    public EngineStats Stats => engine.Stats with { IsFull = IsFull || engine.Stats.IsFull };

    public async Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation)
    {
        Sees?.Invoke(batch);
        if (Instead is { } instead && batch[0] is not OperatorSubmission && await instead(batch) is { } receipts)
        {
            return receipts;
        }

        return await engine.SubmitAsync(batch, cancellation);
    }

    public ValueTask DisposeAsync() => engine.DisposeAsync();
}
