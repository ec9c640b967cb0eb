namespace Audit.Integrity.Notes;

/// <summary>C2SP tlog-proof: that an entry is in a log, in one file that can be checked offline.</summary>
public sealed record ProofFile(long Index, IReadOnlyList<byte[]> Hashes, SignedCheckpoint Checkpoint)
{
    private const string Header = "c2sp.org/tlog-proof@v1";
    private const string IndexPrefix = "index ";
    private const string ExtraPrefix = "extra ";
    private const int MostHashes = 63;

    /// <summary>Data that belongs to the entry and not to the log; none is empty.</summary>
    public byte[] Extra { get; init; } = [];

    /// <exception cref="NoteFormatException">The text is no proof.</exception>
    public static ProofFile Parse(string text)
    {
        var end = text.IndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0)
        {
            throw new NoteFormatException("The proof has no blank line before its checkpoint.");
        }

        var lines = new Queue<string>(text[..end].Split('\n'));
        if (lines.Dequeue() != Header)
        {
            throw new NoteFormatException($"A proof begins with the line {Header}.");
        }

        byte[] extra = [];
        if (lines.TryPeek(out var line) && line.StartsWith(ExtraPrefix, StringComparison.Ordinal)
            && !StrictBase64.TryDecode(lines.Dequeue()[ExtraPrefix.Length..], out extra))
        {
            throw new NoteFormatException("The proof's extra data is not base64.");
        }

        var index = ParseIndex(lines);
        if (lines.Count > MostHashes)
        {
            throw new NoteFormatException($"The proof has more than {MostHashes} hashes.");
        }

        var checkpoint = SignedCheckpoint.Parse(text[(end + 2)..]);
        return new ProofFile(index, [.. lines.Select(ParseHash)], checkpoint) { Extra = extra };
    }

    /// <summary>Whether the entry is in the log of the key, at the index that the proof names.</summary>
    public bool Proves(ReadOnlySpan<byte> entry, VerifierKey key) =>
        Checkpoint.IsSignedBy(key) && Includes(entry);

    /// <summary>Whether the entry leads to the proof's checkpoint, whoever signed that.</summary>
    public bool Includes(ReadOnlySpan<byte> entry) => Checkpoint.Checkpoint.Includes(entry, Index, Hashes);

    public override string ToString()
    {
        var text = new StringBuilder(Header).Append('\n');
        if (Extra.Length > 0)
        {
            text.Append(ExtraPrefix).Append(Convert.ToBase64String(Extra)).Append('\n');
        }

        text.Append(CultureInfo.InvariantCulture, $"{IndexPrefix}{Index}\n");
        foreach (var hash in Hashes)
        {
            text.Append(Convert.ToBase64String(hash)).Append('\n');
        }

        return text.Append('\n').Append(Checkpoint).ToString();
    }

    private static long ParseIndex(Queue<string> lines)
    {
        if (lines.TryDequeue(out var line) && line.StartsWith(IndexPrefix, StringComparison.Ordinal)
            && long.TryParse(
                line.AsSpan(IndexPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var index)
            && line == string.Create(CultureInfo.InvariantCulture, $"{IndexPrefix}{index}"))
        {
            return index;
        }

        throw new NoteFormatException("The proof does not name its index.");
    }

    private static byte[] ParseHash(string line) =>
        StrictBase64.TryDecode(line, out var hash) && hash.Length == TreeHash.Size
            ? hash
            : throw new NoteFormatException("A hash of the proof is not the base64 of 32 bytes.");
}
