namespace Audit.Integrity.Sealing;

/// <summary>An operator asked for what cannot be done now; the message is a sentence that says why.</summary>
public sealed class SealingRefusedException(string message) : Exception(message);
