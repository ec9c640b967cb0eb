namespace Audit.Actors.Streams;

/// <summary>The actor of one tool call.</summary>
internal sealed class ToolCallActor(string persistenceId, StreamRoom room) : StreamActor(persistenceId, room, new CallStream());
