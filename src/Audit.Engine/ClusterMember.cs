namespace Audit.Engine;

public sealed record ClusterMember(string Address, string Status);
