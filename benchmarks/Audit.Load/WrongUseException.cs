namespace Audit.Load;

/// <summary>What was asked for on the command line cannot be done; the message says what can.</summary>
internal sealed class WrongUseException(string message) : Exception(message);
