namespace Audit.Actors.Streams;

/// <summary>The actor of one session's notes.</summary>
internal sealed class SessionActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new SessionStream());
