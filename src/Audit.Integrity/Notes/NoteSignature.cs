namespace Audit.Integrity.Notes;

/// <summary>One signature line of a note.</summary>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Signature);
