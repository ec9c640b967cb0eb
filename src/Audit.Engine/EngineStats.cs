using Audit.Engine.Local;

namespace Audit.Engine;

/// <summary>A look at an engine at work.</summary>
/// <param name="Waiting">Items submitted and without a receipt yet.</param>
/// <param name="WaitingBytes">The memory that they hold.</param>
/// <param name="IsFull">Further submissions wait.</param>
/// <param name="LiveStreams">Streams held in memory.</param>
/// <param name="Commits">Transactions so far.</param>
/// <param name="Rows">Events written so far.</param>
/// <param name="Conflicts">Streams that another writer had moved on, or that were not as new as they were taken for.</param>
/// <param name="Failures">Transactions that failed.</param>
public sealed record EngineStats(
    long Waiting, long WaitingBytes, bool IsFull, long LiveStreams, long Commits, long Rows, long Conflicts, long Failures);
