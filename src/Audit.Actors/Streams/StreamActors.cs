namespace Audit.Actors.Streams;

/// <summary>The actor of one tool call.</summary>
internal sealed class ToolCallActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new CallStream(), mayBeNew: true);

/// <summary>The actor of one session's notes.</summary>
internal sealed class SessionActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new SessionStream());

/// <summary>The actor of one task window.</summary>
internal sealed class TaskWindowActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new WindowStream());

/// <summary>The actor of one day of the node's own acts.</summary>
internal sealed class OperatorActor(string persistenceId, StreamRoom room)
    : StreamActor(persistenceId, room, new OperatorStream());
