namespace Audit.Integrity.Notes;

/// <summary>
/// That a log's key took the place of another: both sign it, so that who knows one of them knows the other.
/// </summary>
/// <param name="Number">From 1 for the first rotation of a log.</param>
/// <param name="Size">How many entries were signed then: nothing larger is signed by the old key alone.</param>
/// <param name="By">The name of the person who stands for it.</param>
public sealed record KeyRotation(
    string Origin, int Number, VerifierKey OldKey, VerifierKey NewKey, long Size, DateTimeOffset At, string Reason,
    string By)
{
    private const string Heading = "audit log key rotation\n";

    public Task<SignedNote> SignAsync(ILogSigner old, ILogSigner next, CancellationToken cancellation)
    {
        var body = JsonNote.Write(Heading, json =>
        {
            json.WriteString("origin", Origin);
            json.WriteNumber("number", Number);
            json.WriteString("old_key", OldKey.ToString());
            json.WriteString("new_key", NewKey.ToString());
            json.WriteNumber("size", Size);
            json.WriteString("at", At);
            json.WriteString("reason", Reason);
            json.WriteString("by", By);
        });
        return SignedNote.SignAsync(body, [old, next], cancellation);
    }

    /// <exception cref="NoteFormatException">The text is no such note.</exception>
    public static KeyRotation Parse(SignedNote note) => JsonNote.Read(
        note, Heading, "a log's new key",
        (root, text) => new KeyRotation(
            text("origin"), root.GetProperty("number").GetInt32(), VerifierKey.Parse(text("old_key")),
            VerifierKey.Parse(text("new_key")), root.GetProperty("size").GetInt64(),
            root.GetProperty("at").GetDateTimeOffset(), text("reason"), text("by")));
}

/// <summary>The keys of a log, each introduced by the one before it.</summary>
public sealed class KeyChain
{
    private KeyChain(
        VerifierKey first, IReadOnlyList<KeyRotation> rotations, IReadOnlyList<string> notes, string? broken)
    {
        First = first;
        Rotations = rotations;
        Notes = notes;
        Broken = broken;
    }

    /// <summary>The key that the log was begun with.</summary>
    public VerifierKey First { get; }

    /// <summary>The key that signs now.</summary>
    public VerifierKey Current => Rotations.Count == 0 ? First : Rotations[^1].NewKey;

    /// <summary>The oldest first; those behind one that cannot be believed are not among them.</summary>
    public IReadOnlyList<KeyRotation> Rotations { get; }

    /// <summary>The notes as they were given.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Why a note is not believed, in a sentence; null where all are.</summary>
    public string? Broken { get; }

    public IEnumerable<VerifierKey> Keys => Rotations.Select(one => one.NewKey).Prepend(First);

    public static KeyChain Of(VerifierKey key) => new(key, [], [], null);

    /// <summary>Follows the notes from the first key, as far as they can be believed.</summary>
    public static KeyChain Read(VerifierKey first, IReadOnlyList<string> notes)
    {
        var rotations = new List<KeyRotation>(notes.Count);
        string? broken = null;
        foreach (var text in notes)
        {
            var key = rotations.Count == 0 ? first : rotations[^1].NewKey;
            try
            {
                var note = SignedNote.Parse(text);
                var rotation = KeyRotation.Parse(note);
                if (rotation.OldKey == key && rotation.Number == rotations.Count + 1
                    && rotation.Origin == key.Name && rotation.NewKey.Name == key.Name
                    && rotation.Size >= (rotations.Count == 0 ? 0 : rotations[^1].Size)
                    && note.IsSignedBy(key) && note.IsSignedBy(rotation.NewKey))
                {
                    rotations.Add(rotation);
                    continue;
                }

                broken = $"The key {rotation.NewKey} was not introduced by the log's key {key}: it is not accepted.";
            }
            catch (NoteFormatException failure)
            {
                broken = $"What introduces a new key after {key} is not accepted: {failure.Message}";
            }

            break;
        }

        return new KeyChain(first, rotations, notes, broken);
    }

    /// <summary>
    /// Whether the log signed it, with the key that it had then: what is larger than the log was when a key was taken
    /// out of service is not signed by that key alone.
    /// </summary>
    public bool Signed(SignedCheckpoint checkpoint) =>
        checkpoint.IsSignedBy(Current)
        || Rotations.Any(one => checkpoint.Checkpoint.Size <= one.Size && checkpoint.IsSignedBy(one.OldKey));
}
