using Audit.Integrity.Entries;

namespace Audit.Integrity.Receipts;

/// <summary>
/// What a node signs of the receipts of one answer: how many there are, and the root of the Merkle tree of RFC 6962
/// over them.
/// </summary>
/// <param name="Origin">The log that has the key which signs it.</param>
public sealed record ReceiptRoot(string Origin, long Count, byte[] Root, DateTimeOffset At)
{
    private const string Heading = "audit receipts v1";
    private const string Time = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    public Task<SignedNote> SignAsync(ILogSigner signer, CancellationToken cancellation) => SignedNote.SignAsync(
        string.Create(
            CultureInfo.InvariantCulture,
            $"{Heading}\n{Origin}\n{Count}\n{Convert.ToBase64String(Root)}\n")
            + At.UtcDateTime.ToString(Time, CultureInfo.InvariantCulture) + "\n",
        signer, cancellation);

    /// <exception cref="NoteFormatException">The note is none over receipts.</exception>
    public static ReceiptRoot Parse(SignedNote note) =>
        note.Body.Split('\n') is [Heading, var origin, var count, var root, var time, ""]
            && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && StrictBase64.TryDecode(root, out var bytes) && bytes.Length == TreeHash.Size
            && DateTimeOffset.TryParseExact(
                time, Time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? new ReceiptRoot(origin, number, bytes, at)
            : throw new NoteFormatException("The note is not one over the receipts of an answer.");
}

/// <summary>The tree over the receipts of an answer that have a position, in their order.</summary>
public sealed class ReceiptTree
{
    private readonly GrowingTree tree = new();

    public long Count => tree.Size;

    public byte[] Root() => tree.Root();

    /// <summary>Adds a leaf: the line `position sequence sha256 status`, with a line feed at its end.</summary>
    /// <param name="sha256">In hexadecimal; a receipt that has none has a dash here.</param>
    public void Add(long position, long sequence, string? sha256, string status) => tree.Append(
        TreeHash.Leaf(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{position} {sequence} {sha256 ?? "-"} {status}\n"))),
        []);
}

/// <summary>
/// A row of the journal that makes a key one that signs receipts, as it is stored, with its proof.
/// </summary>
public sealed record CertifiedKey(
    long Position, string Stream, long Sequence, long Created, string Manifest, byte[] Message, byte[] Salt,
    string Proof)
{
    public const string Act = "receipts.key_certified";

    /// <summary>The key, where the log has it.</summary>
    /// <param name="isSigned">Whether a checkpoint is one of the log's.</param>
    /// <exception cref="NoteFormatException">It is not; the message says why.</exception>
    public VerifierKey Require(Func<SignedCheckpoint, bool> isSigned)
    {
        var proof = ProofFile.Parse(Proof);
        if (!isSigned(proof.Checkpoint))
        {
            throw new NoteFormatException("what certifies its key is not under a checkpoint that the log's key signed");
        }

        // The entry is made anew, so that all of the row is what the log has.
        Span<byte> entry = stackalloc byte[LogEntry.Longest];
        var length = LogEntry.Write(
            new EntryFields
            {
                Position = Position, Stream = Encoding.UTF8.GetBytes(Stream), Salt = Salt, Sequence = Sequence,
                Created = Created, Manifest = Encoding.UTF8.GetBytes(Manifest), Message = Message,
                Identifier = JournalTable.SerializerId, Deleted = false, Unproven = false,
            },
            entry);
        if (!proof.Includes(entry[..length]))
        {
            throw new NoteFormatException("the row that certifies its key is not the one that is in the log");
        }

        return Stream == StreamNames.ReceiptKeys
            && Manifest == EventNames.ManifestOf(EventNames.OperatorActed) && KeyOf(Message) is { } key
            ? key
            : throw new NoteFormatException("the row that is in the log certifies no key of receipts");
    }

    /// <summary>The key that an event certifies; null where it does not.</summary>
    public static VerifierKey? KeyOf(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            return json.RootElement.GetProperty(EventField.Act.Name).ValueEquals(Act)
                ? VerifierKey.Parse(
                    json.RootElement.GetProperty(EventField.Facts.Name).GetProperty("key").GetString() ?? "")
                : null;
        }
        catch (Exception failure) when (JsonNote.IsOther(failure) || failure is NoteFormatException)
        {
            return null;
        }
    }
}
