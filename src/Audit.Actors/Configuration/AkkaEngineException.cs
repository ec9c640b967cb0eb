namespace Audit.Actors.Configuration;

/// <summary>The cluster engine cannot start as it is configured; the message is a sentence for the person who started it.</summary>
public sealed class AkkaEngineException(string message, Exception? inner = null) : Exception(message, inner);
