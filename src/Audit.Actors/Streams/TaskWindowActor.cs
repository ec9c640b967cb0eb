using Audit.Engine;

namespace Audit.Actors;

/// <summary>The actor of one task window.</summary>
internal sealed class TaskWindowActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new WindowStream());
