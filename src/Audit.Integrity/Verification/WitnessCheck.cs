namespace Audit.Integrity.Verification;

/// <summary>Whether those whom the verifier believes cosigned the log.</summary>
internal static class WitnessCheck
{
    /// <returns>The newest checkpoint that a quorum cosigned; null where none is demanded, or none is there.</returns>
    public static async Task<KnownRoot?> FindAsync(
        ILogSource log, Checkpoint signed, VerifyOptions options, List<IntegrityFault> faults,
        CancellationToken cancellation)
    {
        if (options.Witnesses.Count == 0)
        {
            return null;
        }

        var quorum = options.WitnessQuorum == 0 ? options.Witnesses.Count : options.WitnessQuorum;
        IReadOnlyList<StoredCheckpoint> stored = [log.Newest!, .. await log.ReadCosignedAsync(cancellation)];
        foreach (var checkpoint in stored.Select(Parse).OfType<SignedCheckpoint>()
            .Where(one => one.Checkpoint.Origin == signed.Origin).OrderByDescending(one => one.Checkpoint.Size))
        {
            var seen = options.Witnesses.Select(key => key.SeenAt(checkpoint)).OfType<DateTimeOffset>().ToList();
            if (seen.Count >= quorum)
            {
                Judge(checkpoint.Checkpoint, seen.Max(), signed, options, faults);
                var (size, root) = (checkpoint.Checkpoint.Size, checkpoint.Checkpoint.Root);
                return new KnownRoot(size, root, KnownRootOrigin.Witnesses);
            }
        }

        Add(faults, $"No checkpoint of the log is cosigned by {quorum} of the {options.Witnesses.Count} witnesses.");
        return null;
    }

    private static void Judge(
        Checkpoint witnessed, DateTimeOffset at, Checkpoint signed, VerifyOptions options, List<IntegrityFault> faults)
    {
        if (witnessed.Size > signed.Size)
        {
            Add(
                faults,
                $"The witnesses cosigned {witnessed.Size} entries, and the log has {signed.Size}: it was set back.");
        }
        else if (witnessed.Size < signed.Size && options.Now - at > options.MaxUnwitnessed)
        {
            Add(
                faults,
                $"The witnesses cosigned {witnessed.Size} of {signed.Size} entries, and nothing since "
                + $"{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}.");
        }
    }

    private static SignedCheckpoint? Parse(StoredCheckpoint stored)
    {
        try
        {
            return SignedCheckpoint.Parse(stored.Note);
        }
        catch (NoteFormatException)
        {
            return null;
        }
    }

    private static void Add(List<IntegrityFault> faults, string sentence) =>
        faults.Add(new IntegrityFault(IntegrityFaultKind.NotWitnessed, null, null, sentence));
}
