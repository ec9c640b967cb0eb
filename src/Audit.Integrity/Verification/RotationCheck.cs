namespace Audit.Integrity.Verification;

/// <summary>
/// Follows the keys of the logs: each that took the place of another is named by a row that a node wrote, and each such
/// row names one. Who has the database alone neither adds a key nor hides one.
/// </summary>
internal sealed class RotationCheck(IReadOnlyList<LogRecord> logs)
{
    private readonly Dictionary<string, (long Index, long Position)> named = [];

    /// <param name="before">How many rows went before.</param>
    public void Take(ReadBatch batch, long before)
    {
        for (var i = 0; i < batch.Rows.Count; i++)
        {
            if (batch.Facts(i).IsNewKey && KeyOf(batch.Rows.MessageMemory(i)) is { } key)
            {
                named.TryAdd(key, (before + i, batch.Rows[i].Position));
            }
        }
    }

    /// <param name="witnessed">How many entries a quorum of witnesses cosigned; 0 for none.</param>
    /// <param name="newest">The checkpoint that is verified.</param>
    public IReadOnlyList<RotationReport> Report(
        long witnessed, StoredCheckpoint newest, VerifyOptions options, List<IntegrityFault> faults)
    {
        foreach (var broken in logs.Select(log => log.Chain.Broken).OfType<string>())
        {
            Add(faults, null, broken);
        }

        var known = logs.SelectMany(log => log.Chain.Keys).Select(key => key.ToString()).ToHashSet();
        foreach (var (key, at) in named.Where(one => !known.Contains(one.Key)))
        {
            Add(faults, at.Position,
                $"The row at position {at.Position} makes {key} a key of the log, and the log hides it, or the "
                + "rotation was not finished: then `audit log rotate-key` finishes it.");
        }

        var signed = SignedCheckpoint.Parse(newest.Note);
        return [.. logs[^1].Chain.Rotations.Select(rotation => ReportOf(rotation, witnessed, signed, options, faults))];
    }

    private RotationReport ReportOf(
        KeyRotation rotation, long witnessed, SignedCheckpoint signed, VerifyOptions options,
        List<IntegrityFault> faults)
    {
        var isNamed = named.TryGetValue(rotation.NewKey.ToString(), out var at);
        if (!isNamed)
        {
            Add(faults, null,
                $"The key {rotation.NewKey} took the place of {rotation.OldKey}, and no row of the journal says so: it "
                + "is not accepted.");
        }

        var isDue = signed.Checkpoint.Size > rotation.Size && options.Now < rotation.At + options.BothSign;
        return new RotationReport(
            rotation.Number, rotation.OldKey.ToString(), rotation.NewKey.ToString(), rotation.At, rotation.By,
            rotation.Reason, isNamed && at.Index < witnessed, !isDue || signed.IsSignedBy(rotation.OldKey));
    }

    private static string? KeyOf(ReadOnlyMemory<byte> message)
    {
        try
        {
            using var json = JsonDocument.Parse(message);
            return json.RootElement.GetProperty(EventField.Facts.Name).GetProperty("key").GetString();
        }
        catch (Exception failure) when (JsonNote.IsOther(failure))
        {
            return "(a key that cannot be read)";
        }
    }

    private static void Add(List<IntegrityFault> faults, long? position, string sentence) =>
        faults.Add(new IntegrityFault(IntegrityFaultKind.NotSigned, position, null, sentence));
}

/// <summary>That a key of the log took the place of another.</summary>
/// <param name="IsWitnessed">Whether those whom the verifier believes cosigned the log with the row that says so: they
/// saw that it was the same log. Otherwise the old key alone stands for it, whoever had it then.</param>
/// <param name="OldKeySigns">Whether the old key signs beside the new one for as long as it has to.</param>
public sealed record RotationReport(
    int Number, string OldKey, string NewKey, DateTimeOffset At, string By, string Reason, bool IsWitnessed,
    bool OldKeySigns);
