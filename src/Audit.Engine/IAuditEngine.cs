namespace Audit.Engine;

/// <summary>One actor per tool call, session and task window, whatever runs them.</summary>
public interface IAuditEngine : IAsyncDisposable
{
    /// <summary>
    /// Submits a batch and returns a receipt for each, in order, after what they say is durable. Items of one stream
    /// are decided in the order of the batch, and batches in the order of the calls, awaited or not. Waits while the
    /// engine is full.
    /// </summary>
    /// <exception cref="EngineStoppedException">
    /// The engine takes nothing any more; nothing of the batch was taken.
    /// </exception>
    Task<Receipt[]> SubmitAsync(IReadOnlyList<Submission> batch, CancellationToken cancellation);

    EngineStats Stats { get; }
}

/// <summary>An engine that is spread over several nodes.</summary>
public interface IClusterEngine : IAuditEngine
{
    ClusterState Cluster { get; }

    /// <summary>What protects the nodes' way to each other, in a sentence for whoever started this one.</summary>
    string Protection { get; }

    /// <summary>
    /// Done when the cluster has put this node down or out: it cannot take anything any more and has to start anew.
    /// </summary>
    Task Ended { get; }

    /// <summary>
    /// Takes nothing new, gives every item in work its receipt, hands this node's actors over and leaves the cluster.
    /// Disposing of the engine does the same, if nobody did it before.
    /// </summary>
    Task LeaveAsync();
}

/// <summary>The cluster as one of its nodes sees it.</summary>
/// <param name="Self">This node's address.</param>
/// <param name="Status">This node's standing: joining, up, leaving and so on.</param>
/// <param name="Leader">The address of the leader; null while there is none.</param>
/// <param name="Members">All nodes with their standing.</param>
/// <param name="Unreachable">The addresses of those that do not answer.</param>
public sealed record ClusterState(
    string Self, string Status, string? Leader, IReadOnlyList<ClusterMember> Members, IReadOnlyList<string> Unreachable)
{
    public bool IsUp => Status == "up";
}

public sealed record ClusterMember(string Address, string Status);

/// <summary>A look at an engine at work.</summary>
/// <param name="Waiting">Items submitted and without a receipt yet.</param>
/// <param name="WaitingBytes">The memory that they hold.</param>
/// <param name="IsFull">Further submissions wait.</param>
/// <param name="LiveStreams">Streams held in memory.</param>
/// <param name="Commits">Transactions so far.</param>
/// <param name="Rows">Events written so far.</param>
/// <param name="Conflicts">
/// Streams that another writer had moved on, or that were not as new as they were taken for.
/// </param>
/// <param name="Failures">Transactions that failed.</param>
public sealed record EngineStats(
    long Waiting, long WaitingBytes, bool IsFull, long LiveStreams, long Commits, long Rows, long Conflicts,
    long Failures);

public sealed class EngineStoppedException() : Exception("The node is stopping and takes nothing any more.");
