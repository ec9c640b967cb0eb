using Audit.Engine;

namespace Audit.Actors;

/// <summary>The actor of one session's notes.</summary>
internal sealed class SessionActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new SessionStream());
