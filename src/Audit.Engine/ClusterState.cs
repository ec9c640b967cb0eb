namespace Audit.Engine;

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
