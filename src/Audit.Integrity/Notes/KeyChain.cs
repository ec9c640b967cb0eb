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

/// <summary>
/// Signs for one log. The private key may be anywhere: in a file, in a key service, in a device that gives it to
/// nobody.
/// </summary>
public interface ILogSigner
{
    /// <summary>The public half; its name is the log's origin.</summary>
    VerifierKey Key { get; }

    /// <summary>The 64 bytes of the Ed25519 signature over the message.</summary>
    Task<byte[]> SignAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation);
}

/// <summary>Where this node has its log's keys, if it has any.</summary>
public interface ILogKeyring
{
    /// <summary>The signer that a log was begun with; null on a node that has none and so never seals.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    ILogSigner? Find();

    /// <summary>The signer of one key of a log; null where this node does not have it.</summary>
    /// <exception cref="LogKeyException">There is a key, and it cannot be used.</exception>
    ILogSigner? Find(VerifierKey key);

    /// <summary>
    /// Makes a key for a new log and keeps the one before it aside. The one that is there already for this very origin
    /// is taken as it is: a restart that was interrupted goes on where it was.
    /// </summary>
    /// <param name="origin">Null where any will do.</param>
    /// <param name="begin">What is done with a new key before it is kept.</param>
    Task<ILogSigner> CreateAsync(string? origin, Func<ILogSigner, Task>? begin = null);

    /// <summary>A key that can take the place of another: the same one until it is kept.</summary>
    ILogSigner Next(VerifierKey old);

    /// <summary>Puts a key in the place of the one before, which is kept aside.</summary>
    void Keep(ILogSigner next);
}

/// <summary>The log's key cannot be used; the message is a sentence for the person who keeps it.</summary>
public sealed class LogKeyException(string message, Exception? inner = null) : Exception(message, inner);
