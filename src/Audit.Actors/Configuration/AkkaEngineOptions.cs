namespace Audit.Actors.Configuration;

/// <summary>What the cluster engine is given beside its HOCON.</summary>
/// <param name="Store">
/// The node's store, `sqlite:PATH` or `postgres:CONNECTION STRING`: the plugin writes into the same one.
/// </param>
/// <param name="Hocon">The text of the user's own file, laid over ours; null for none.</param>
/// <param name="InsecureRemoting">Nodes of other machines may be spoken to in the clear.</param>
public sealed record AkkaEngineOptions(string Store, string? Hocon = null, bool InsecureRemoting = false);

/// <summary>
/// The cluster engine cannot start as it is configured; the message is a sentence for the person who started it.
/// </summary>
public sealed class AkkaEngineException(string message, Exception? inner = null) : Exception(message, inner);
