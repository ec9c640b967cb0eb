using Audit.Engine;

namespace Audit.Actors;

/// <summary>The actor of one day of the node's own acts.</summary>
internal sealed class OperatorActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new OperatorStream());
