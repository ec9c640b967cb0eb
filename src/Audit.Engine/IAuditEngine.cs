namespace Audit.Engine;

/// <summary>One actor per tool call, session and task window, whatever runs them.</summary>
public interface IAuditEngine : IAsyncDisposable
{
    /// <summary>
    /// Submits a batch and returns a receipt for each, in order, after what they say is durable. Items of one stream are
    /// decided in the order of the batch, and batches in the order of the calls, awaited or not. Waits while the engine is full.
    /// </summary>
    /// <exception cref="EngineStoppedException">The engine takes nothing any more; nothing of the batch was taken.</exception>
    Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation);

    EngineStats Stats { get; }
}
