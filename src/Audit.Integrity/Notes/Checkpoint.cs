namespace Audit.Integrity.Notes;

/// <summary>C2SP tlog-checkpoint: of which log, how many entries, and the root over them.</summary>
public sealed record Checkpoint(string Origin, long Size, byte[] Root)
{
    /// <exception cref="NoteFormatException">The text is no checkpoint.</exception>
    public static Checkpoint Parse(string body)
    {
        var lines = body.Split('\n');
        if (lines.Length < 4 || lines[^1].Length != 0 || lines[..^1].Any(line => line.Length == 0))
        {
            throw new NoteFormatException(
                "A checkpoint has three lines or more, each ended by a line feed and none empty.");
        }

        if (!long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            || size.ToString(CultureInfo.InvariantCulture) != lines[1])
        {
            throw new NoteFormatException(
                $"The checkpoint's size \"{lines[1]}\" is no decimal number without leading zeros.");
        }

        if (!StrictBase64.TryDecode(lines[2], out var root) || root.Length != TreeHash.Size)
        {
            throw new NoteFormatException("The checkpoint's root is not the base64 of 32 bytes.");
        }

        if (size == 0 && !root.AsSpan().SequenceEqual(TreeHash.Empty))
        {
            throw new NoteFormatException("The checkpoint of an empty log has a root that is not the empty tree's.");
        }

        return new Checkpoint(lines[0], size, root);
    }

    public bool HasRoot(ReadOnlySpan<byte> root) => root.SequenceEqual(Root);

    /// <summary>Whether the hashes lead from an entry to the root.</summary>
    public bool Includes(ReadOnlySpan<byte> entry, long index, IReadOnlyList<byte[]> hashes) =>
        MerkleProof.IsIncluded(index, Size, TreeHash.Leaf(entry), hashes, Root);

    public bool Equals(Checkpoint? other) =>
        other is not null && Origin == other.Origin && Size == other.Size && other.HasRoot(Root);

    public override int GetHashCode() => HashCode.Combine(Origin, Size);

    /// <summary>The text that is signed.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Convert.ToBase64String(Root)}\n");
}

/// <summary>A checkpoint and the note that it stands in.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, SignedNote Note)
{
    public static Task<SignedCheckpoint> SignAsync(
        Checkpoint checkpoint, ILogSigner signer, CancellationToken cancellation) =>
        SignAsync(checkpoint, [signer], cancellation);

    public static async Task<SignedCheckpoint> SignAsync(
        Checkpoint checkpoint, IReadOnlyList<ILogSigner> signers, CancellationToken cancellation) =>
        new(checkpoint, await SignedNote.SignAsync(checkpoint.ToString(), signers, cancellation));

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
