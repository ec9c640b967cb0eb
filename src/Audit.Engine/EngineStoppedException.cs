namespace Audit.Engine;

public sealed class EngineStoppedException() : Exception("The node is stopping and takes nothing any more.");
