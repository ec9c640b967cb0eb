namespace Audit.Node.Configuration;

/// <summary>The node cannot start with what it was given; the message is a sentence for a person.</summary>
public sealed class NodeStartException(string message, Exception? inner = null) : Exception(message, inner);
