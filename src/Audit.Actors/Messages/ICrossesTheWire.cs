namespace Audit.Actors.Messages;

/// <summary>
/// Marks what nodes of one cluster say to each other. Hyperion is bound to it and to nothing else: it reads fields by
/// position, so these types are flat, never stored, and the same on all nodes of a running cluster.
/// </summary>
public interface ICrossesTheWire;
