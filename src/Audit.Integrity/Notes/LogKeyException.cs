namespace Audit.Integrity.Notes;

/// <summary>The log's key cannot be used; the message is a sentence for the person who keeps it.</summary>
public sealed class LogKeyException(string message, Exception? inner = null) : Exception(message, inner);
