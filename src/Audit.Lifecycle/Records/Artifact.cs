namespace Audit.Lifecycle.Records;

/// <summary>Points to what the host stored of a result elsewhere.</summary>
public sealed record Artifact(long Id);
