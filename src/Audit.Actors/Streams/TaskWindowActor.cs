namespace Audit.Actors.Streams;

/// <summary>The actor of one task window.</summary>
internal sealed class TaskWindowActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new WindowStream());
