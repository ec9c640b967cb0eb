namespace Audit.Integrity.Notes;

/// <summary>A note, a key, a checkpoint or a proof that is not in its format; the message is a sentence.</summary>
public sealed class NoteFormatException(string message) : Exception(message);
