namespace Audit.Node.Configuration;

/// <summary>The node cannot start as it was told to; the message is a sentence for the person who started it.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
