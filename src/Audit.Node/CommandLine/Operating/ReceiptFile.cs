using Audit.Node.CommandLine.Ingest;

namespace Audit.Node.CommandLine.Operating;

/// <summary>Receipts that were kept, with what was signed over them.</summary>
internal sealed record ReceiptFile(IReadOnlyList<KeptReceipt> Receipts, IReadOnlyList<KeptSignature> Signatures)
{
    /// <param name="path">Null for none.</param>
    /// <exception cref="CommandException">The file cannot be read.</exception>
    public static ReceiptFile Read(string? path)
    {
        if (path is null)
        {
            return new ReceiptFile([], []);
        }

        try
        {
            using var file = File.OpenText(path);
            return Read(file);
        }
        catch (Exception failure) when (failure
            is JsonException or NoteFormatException or IOException or UnauthorizedAccessException or ArgumentException
                or FormatException or InvalidOperationException)
        {
            throw CommandException.WrongUse($"--receipts \"{path}\" is not accepted: {failure.Message}");
        }
    }

    /// <summary>Looks at them alone, without any store: what they show to whoever knows the log's key.</summary>
    /// <returns>The exit code.</returns>
    public int Try(Surroundings surroundings, VerifierKey? key, OutputFormat output)
    {
        if (key is null)
        {
            throw CommandException.WrongUse(
                "There is no store to compare the receipts with; by themselves they are checked against --key.");
        }

        var trial = ReceiptTrial.Under(key);
        trial.Try(Receipts, Signatures);
        var faults = trial.Faults.Select(fault => $"Line {fault.Line}: {fault.Why}.").ToList();
        faults.AddRange(trial.Unshown(Receipts).Select(
            one => $"Line {one.Line}, position {one.Position}: nothing in the file proves it."));
        if (output == OutputFormat.Table)
        {
            surroundings.Out.WriteLine(faults.Count == 0
                ? $"receipts      all {Receipts.Count} are borne out by the log's key"
                : "receipts      FAILED");
            faults.ForEach(fault => surroundings.Out.WriteLine($"  !           {PrintableText.Of(fault)}"));
            surroundings.Out.WriteLine($"  signed      {trial.Signed}");
            surroundings.Out.WriteLine($"  in the log  {trial.Proven}, with their proofs");
        }
        else
        {
            surroundings.Out.WriteLine(JsonSerializer.Serialize(
                new { receipts = Receipts.Count, signed = trial.Signed, proven = trial.Proven, faults }));
        }

        return faults.Count == 0 ? ExitCode.Fine : ExitCode.VerificationFailed;
    }

    private static ReceiptFile Read(TextReader file)
    {
        var (receipts, signatures) = (new List<KeptReceipt>(), new List<KeptSignature>());
        var (unsigned, hashes) = (new List<KeptReceipt>(), new List<byte[]>());
        SignedCheckpoint? under = null;
        foreach (var (line, receipt) in KeptReceipts.Read(file))
        {
            if (receipt is { IsSignature: true, Note: { } note, Certificate: { } certificate })
            {
                var count = (int)Math.Min(ReceiptRoot.Parse(SignedNote.Parse(note)).Count, unsigned.Count);
                signatures.Add(new KeptSignature(
                    line, note, KeyOf(certificate.Row),
                    KeyChain.Read(VerifierKey.Parse(certificate.LogKey), certificate.NewKeys), unsigned[^count..]));
                unsigned.Clear();
            }
            else if (receipt.Position is { } position)
            {
                var given = receipt.Proof?.Checkpoint is { } text ? SignedCheckpoint.Parse(text) : null;
                if (given is not null)
                {
                    under = given;
                    hashes.Clear();
                }

                var kept = new KeptReceipt(
                    line, position, receipt.Sequence ?? 0, receipt.Sha256, receipt.Sealed == true, given)
                {
                    Status = receipt.Status,
                    Proof = receipt.Proof is { Entry: { } entry } proof && under is not null
                        ? new KeptProof(
                            proof.Index, entry, [.. proof.Hashes.Select(hash => HashOf(hash, hashes))], under)
                        : null,
                };
                receipts.Add(kept);
                unsigned.Add(kept);
            }
        }

        return new ReceiptFile(receipts, signatures);
    }

    // What was given before is named by its number; where its line is gone, the proof leads nowhere.
    private static byte[] HashOf(JsonElement hash, List<byte[]> given)
    {
        if (hash.ValueKind == JsonValueKind.Number)
        {
            return hash.TryGetInt32(out var number) && number >= 0 && number < given.Count
                ? given[number]
                : new byte[TreeHash.Size];
        }

        given.Add(hash.GetBytesFromBase64());
        return given[^1];
    }

    private static CertifiedKey KeyOf(StoredRowAnswer row) => new(
        row.Position, row.Stream, row.Sequence, long.Parse(row.CreatedTicks, CultureInfo.InvariantCulture),
        row.Manifest, row.MessageBase64, row.Salt, row.Proof);
}
