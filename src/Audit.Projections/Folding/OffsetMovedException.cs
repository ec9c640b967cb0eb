namespace Audit.Projections.Folding;

/// <summary>The store does not stand where this projection left it: it was swapped, or another node wrote.</summary>
internal sealed class OffsetMovedException() : Exception("The read models stand at another position than this node left them at.");
