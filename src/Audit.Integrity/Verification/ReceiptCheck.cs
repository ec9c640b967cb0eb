using System.Security.Cryptography;
using Audit.Integrity.Receipts;

namespace Audit.Integrity.Verification;

/// <summary>Whether what was acknowledged is there as it was acknowledged.</summary>
internal sealed class ReceiptCheck(IReadOnlyList<KeptReceipt> receipts, IReadOnlyList<KeptSignature> signatures)
{
    private readonly ILookup<long, KeptReceipt> byPosition = receipts.ToLookup(receipt => receipt.Position);
    private readonly HashSet<long> met = [];
    private readonly List<IntegrityFault> faults = [];

    public void Take(RowBatch rows)
    {
        for (var i = 0; i < rows.Count && byPosition.Count > 0; i++)
        {
            if (!byPosition.Contains(rows[i].Position))
            {
                continue;
            }

            met.Add(rows[i].Position);
            var (sequence, hash) = Stored(rows, i);
            foreach (var receipt in byPosition[rows[i].Position])
            {
                if (receipt.Sequence != sequence || (receipt.Sha256 is { } told && told != hash))
                {
                    Add(
                        receipt,
                        $"the row is not the one that was acknowledged, sequence number {receipt.Sequence} with the "
                        + $"SHA-256 {receipt.Sha256 ?? "that it does not say"}, but {sequence} with {hash}");
                }
            }
        }
    }

    /// <summary>Looks at what the receipts show by themselves.</summary>
    /// <param name="isSigned">Whether a checkpoint is one of the log's.</param>
    public void Try(Func<SignedCheckpoint, bool> isSigned)
    {
        var trial = new ReceiptTrial((checkpoint, _) => isSigned(checkpoint));
        trial.Try(receipts, signatures);
        faults.AddRange(trial.Faults.Select(fault => new IntegrityFault(
            IntegrityFaultKind.ReceiptBroken, fault.Position, null,
            $"Line {fault.Line} of the receipts: {fault.Why}.")));
    }

    /// <param name="lastSealed">The last position that the log has; 0 where there is none.</param>
    public IReadOnlyList<IntegrityFault> End(long lastSealed)
    {
        foreach (var receipt in receipts)
        {
            if (!met.Contains(receipt.Position))
            {
                Add(receipt, "the row is not there");
            }
            else if (receipt.IsSealed && receipt.Position > lastSealed)
            {
                Add(receipt, "it was acknowledged as sealed, and the log does not come so far");
            }
        }

        return faults;
    }

    /// <summary>Of a row of which there is the entry alone, the entry says both.</summary>
    private static (long Sequence, string Sha256) Stored(RowBatch rows, int index)
    {
        if (!rows[index].IsEntry)
        {
            return (rows[index].Sequence, Convert.ToHexStringLower(SHA256.HashData(rows.Message(index))));
        }

        using var entry = JsonDocument.Parse(rows.MessageMemory(index));
        return (entry.RootElement.GetProperty("seq").GetInt64(), entry.RootElement.GetProperty("sha256").GetString()!);
    }

    private void Add(KeptReceipt receipt, string why) => faults.Add(new IntegrityFault(
        IntegrityFaultKind.ReceiptBroken, receipt.Position, null,
        $"The receipt in line {receipt.Line}, of position {receipt.Position}: {why}."));
}
