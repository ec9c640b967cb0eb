namespace Audit.Integrity.Tiles;

/// <summary>What is stored of the log is not what the log made; the message is a sentence that says what.</summary>
public sealed class LogDamagedException(string message) : Exception(message);
