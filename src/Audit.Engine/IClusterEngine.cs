namespace Audit.Engine;

/// <summary>An engine that is spread over several nodes.</summary>
public interface IClusterEngine : IAuditEngine
{
    ClusterState Cluster { get; }

    /// <summary>Done when the cluster has put this node down or out: it cannot take anything any more and has to start anew.</summary>
    Task Ended { get; }

    /// <summary>
    /// Takes nothing new, gives every item in work its receipt, hands this node's actors over and leaves the cluster.
    /// Disposing of the engine does the same, if nobody did it before.
    /// </summary>
    Task LeaveAsync();
}
