using System.Text;

namespace Audit.Integrity.Notes;

/// <summary>A checkpoint and the note that it stands in.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, SignedNote Note)
{
    public static async Task<SignedCheckpoint> SignAsync(
        Checkpoint checkpoint, ILogSigner signer, CancellationToken cancellation) =>
        new(checkpoint, await SignedNote.SignAsync(checkpoint.ToString(), signer, cancellation));

    /// <exception cref="NoteFormatException">The bytes are no signed checkpoint.</exception>
    public static SignedCheckpoint Parse(ReadOnlySpan<byte> bytes)
    {
        var note = SignedNote.Parse(bytes);
        return new SignedCheckpoint(Checkpoint.Parse(note.Body), note);
    }

    public static SignedCheckpoint Parse(string text) => Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>Whether the log of this key signed it: the key's name must be the checkpoint's origin.</summary>
    public bool IsSignedBy(VerifierKey key) => key.Name == Checkpoint.Origin && Note.IsSignedBy(key);

    public override string ToString() => Note.ToString();
}
