namespace Audit.Integrity.Storage;

/// <summary>The right to seal, which one node has at a time; it ends with the connection it hangs on.</summary>
internal interface ILogSession : IAsyncDisposable
{
    Task CreateLogAsync(LogRecord log, CancellationToken cancellation);

    Task HaltAsync(int log, LogHalt halt, CancellationToken cancellation);

    /// <summary>Writes a step in one transaction.</summary>
    Task CommitAsync(SealStep step, CancellationToken cancellation);
}
