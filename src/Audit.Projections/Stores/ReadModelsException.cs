namespace Audit.Projections.Stores;

/// <summary>The read models cannot be read or written now; the message is a sentence for a person.</summary>
public sealed class ReadModelsException(string message, Exception? inner = null) : Exception(message, inner);
