namespace Audit.Integrity.Receipts;

/// <summary>What a node acknowledged and somebody kept.</summary>
/// <param name="Line">Of the file that it is kept in.</param>
/// <param name="Sha256">Of the message as it was stored; null where the receipt does not say it.</param>
/// <param name="IsSealed">Whether it was acknowledged as being in the log.</param>
/// <param name="Checkpoint">Under which it was proven; null where another receipt has it, or none does.</param>
public sealed record KeptReceipt(
    long Line, long Position, long Sequence, string? Sha256, bool IsSealed, SignedCheckpoint? Checkpoint)
{
    public string Status { get; init; } = "recorded";

    /// <summary>That it is in the log; null where the receipt was not asked for sealed.</summary>
    public KeptProof? Proof { get; init; }
}

/// <summary>The proof of a receipt, with what other receipts of its answer have of it.</summary>
/// <param name="Entry">Of the log, in its very characters.</param>
public sealed record KeptProof(long Index, string Entry, IReadOnlyList<byte[]> Hashes, SignedCheckpoint Checkpoint);

/// <summary>What was signed over the receipts of an answer.</summary>
/// <param name="Of">The receipts, in their order.</param>
/// <param name="Keys">Those of the log that made the key one for receipts.</param>
public sealed record KeptSignature(
    long Line, string Note, CertifiedKey Certificate, KeyChain Keys, IReadOnlyList<KeptReceipt> Of);

/// <summary>What receipts show by themselves, to whoever has them and the log's key.</summary>
public sealed class ReceiptTrial(Func<SignedCheckpoint, KeyChain?, bool> isSigned)
{
    private readonly HashSet<KeptReceipt> shown = [];

    /// <summary>What is wrong: of which line, at which position, and why.</summary>
    public List<(long Line, long? Position, string Why)> Faults { get; } = [];

    /// <summary>How many are signed.</summary>
    public long Signed { get; private set; }

    /// <summary>How many have a proof.</summary>
    public long Proven { get; private set; }

    /// <param name="key">The log's only key that counts, or one of its keys that introduced others.</param>
    public static ReceiptTrial Under(VerifierKey key) => new((checkpoint, keys) =>
        (keys?.Keys.Contains(key) == true ? keys : KeyChain.Of(key)).Signed(checkpoint));

    public void Try(IEnumerable<KeptReceipt> receipts, IEnumerable<KeptSignature> signatures)
    {
        KeyChain? keys = null;
        foreach (var signature in signatures)
        {
            keys ??= signature.Keys;
            Try(signature);
        }

        foreach (var receipt in receipts.Where(receipt => receipt.Proof is not null))
        {
            Try(receipt, receipt.Proof!, keys);
        }
    }

    /// <summary>Receipts of which nothing shows that the node gave them.</summary>
    public IEnumerable<KeptReceipt> Unshown(IEnumerable<KeptReceipt> receipts) =>
        receipts.Where(receipt => !shown.Contains(receipt));

    private void Try(KeptSignature signature)
    {
        try
        {
            var note = SignedNote.Parse(signature.Note);
            var said = ReceiptRoot.Parse(note);
            var tree = new ReceiptTree();
            foreach (var receipt in signature.Of)
            {
                tree.Add(receipt.Position, receipt.Sequence, receipt.Sha256, receipt.Status);
            }

            if (tree.Count != said.Count || !tree.Root().AsSpan().SequenceEqual(said.Root))
            {
                throw new NoteFormatException("it is over other receipts than those before it");
            }

            if (!note.IsSignedBy(signature.Certificate.Require(one => isSigned(one, signature.Keys))))
            {
                throw new NoteFormatException("the key that the log certifies did not sign it");
            }

            Signed += signature.Of.Count;
            shown.UnionWith(signature.Of);
        }
        catch (NoteFormatException failure)
        {
            Faults.Add((signature.Line, null, $"the signature counts for nothing: {failure.Message}"));
        }
    }

    private void Try(KeptReceipt receipt, KeptProof proof, KeyChain? keys)
    {
        var entry = Encoding.UTF8.GetBytes(proof.Entry);
        var why = !IsOf(receipt, proof.Entry) ? "the entry that is proven is of another row"
            : !isSigned(proof.Checkpoint, keys) ? "its checkpoint is not signed by the log's key"
            : !proof.Checkpoint.Checkpoint.Includes(entry, proof.Index, proof.Hashes)
                ? "its proof does not lead to its checkpoint"
            : null;
        if (why is not null)
        {
            Faults.Add((receipt.Line, receipt.Position, why));
            return;
        }

        Proven++;
        shown.Add(receipt);
    }

    private static bool IsOf(KeptReceipt receipt, string entry)
    {
        try
        {
            using var json = JsonDocument.Parse(entry);
            return json.RootElement.GetProperty("position").GetInt64() == receipt.Position
                && json.RootElement.GetProperty("seq").GetInt64() == receipt.Sequence
                && (receipt.Sha256 is null || json.RootElement.GetProperty("sha256").ValueEquals(receipt.Sha256));
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            return false;
        }
    }
}
