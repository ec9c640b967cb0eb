namespace Audit.Load.Workloads;

/// <summary>One message of the workload, as a host would send it and as an audit table would take it.</summary>
/// <param name="Session">The number of the live session that it belongs to: whoever sends it sends all of that session.</param>
/// <param name="Item">The envelope, as it is posted.</param>
/// <param name="Record">The record within it.</param>
internal readonly record struct Message(
    int Session, string SessionId, string CallId, string Kind, ReadOnlyMemory<byte> Item, ReadOnlyMemory<byte> Record);
