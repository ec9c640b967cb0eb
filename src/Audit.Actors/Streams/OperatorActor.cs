namespace Audit.Actors.Streams;

/// <summary>The actor of one day of the node's own acts.</summary>
internal sealed class OperatorActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new OperatorStream());
