namespace Audit.Integrity.Storage;

/// <summary>Somebody else sealed meanwhile; whoever gets this looks at the store anew.</summary>
internal sealed class SealingLostException(string message) : Exception(message);
