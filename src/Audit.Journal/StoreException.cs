namespace Audit.Journal;

/// <summary>A store that cannot be opened as it is; the message is a sentence for the person who started the node.</summary>
public sealed class StoreException(string message, Exception? inner = null) : Exception(message, inner);
