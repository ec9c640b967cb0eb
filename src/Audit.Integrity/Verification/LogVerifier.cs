using Audit.Integrity.Bundles;
using Audit.Integrity.Entries;
using Audit.Integrity.Receipts;

namespace Audit.Integrity.Verification;

/// <summary>
/// Verifies a journal: every row against the log, and what the hosts say of themselves. It only reads, takes no lock,
/// and may run beside a node.
/// </summary>
public static class LogVerifier
{
    private const int MostLooks = 10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>Verifies a store by its address, `sqlite:PATH` or `postgres:CONNECTION STRING`.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="LogKeyException">The key file cannot be used.</exception>
    /// <exception cref="NoteFormatException">The key file holds no key.</exception>
    public static async Task<VerificationResult> VerifyStoreAsync(
        string address, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        var memory = NodeMemory.Read(options.CheckpointFile);
        var log = await FindLogAsync(address, memory, cancellation);
        try
        {
            // After the log: rows that come meanwhile are only more than it covers.
            var rows = await RowSource.OpenAsync(address, cancellation);
            await using (rows)
            {
                await using var look = new StoreLook(address);
                return await new Verification(options, memory, look, progress).RunAsync(log, rows, cancellation);
            }
        }
        finally
        {
            if (log is not null)
            {
                await log.DisposeAsync();
            }
        }
    }

    /// <summary>Verifies a bundle that was exported.</summary>
    /// <exception cref="BundleException">The file is no bundle.</exception>
    public static async Task<VerificationResult> VerifyBundleAsync(
        string path, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        var memory = NodeMemory.Read(options.CheckpointFile);
        using var bundle = BundleReader.Open(path);
        var rows = bundle.OpenRows();
        await using (rows)
        {
            return await new Verification(options, memory, null, progress, bundle)
                .RunAsync(bundle.Log, rows, cancellation);
        }
    }

    // A node writes its file a moment before the database, so a file that is ahead is given that moment.
    private static async Task<StoreLogSource?> FindLogAsync(
        string address, NodeMemory memory, CancellationToken cancellation)
    {
        for (var look = 1; ; look++)
        {
            var log = await StoreLogSource.FindAsync(address, cancellation);
            if (log is null || !memory.IsAheadOf(log) || look == MostLooks)
            {
                return log;
            }

            await log.DisposeAsync();
            await Task.Delay(Pause, cancellation);
        }
    }
}

/// <summary>What a verification may rely on beside what it verifies.</summary>
public sealed record VerifyOptions
{
    /// <summary>The only key whose signature counts.</summary>
    public VerifierKey? TrustedKey { get; init; }

    /// <summary>A key file of the log, private or public; looked at when no key is given.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The node's file with the checkpoint that it signed last.</summary>
    public string? CheckpointFile { get; init; }

    /// <summary>A checkpoint that somebody kept: the log must be a continuation of it.</summary>
    public SignedCheckpoint? Since { get; init; }

    /// <summary>What a store's entries are made with; a bundle brings its salts along.</summary>
    public EntryKeys? Entries { get; init; }

    /// <summary>What was erased, of which the book is still to say it: only of a restore.</summary>
    internal IReadOnlyList<ErasedContent> Erased { get; init; } = [];

    /// <summary>The leaves of segments of archives by their digests: what was cut is held to them.</summary>
    public IReadOnlyDictionary<string, LeafList>? Archives { get; init; }

    /// <summary>How long a row may wait for its seal.</summary>
    public TimeSpan MaxUnsealed { get; init; } = TimeSpan.FromMinutes(1);

    public DateTimeOffset Now { get; init; } = DateTimeOffset.UtcNow;

    /// <summary>The numbers of logs whose restart is accepted, whatever became of the log before.</summary>
    public IReadOnlySet<int> AcceptedRestarts { get; init; } = new HashSet<int>();

    /// <summary>Witnesses that must have cosigned.</summary>
    public IReadOnlyList<WitnessKey> Witnesses { get; init; } = [];

    /// <summary>How many of them must have; 0 for all.</summary>
    public int WitnessQuorum { get; init; }

    /// <summary>How long the newest checkpoint may be without their cosignatures.</summary>
    public TimeSpan MaxUnwitnessed { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a key that was taken out of service has to sign beside the new one.</summary>
    public TimeSpan BothSign { get; init; } = TimeSpan.FromDays(30);

    /// <summary>What a node acknowledged: each must be there as it was acknowledged.</summary>
    public IReadOnlyList<KeptReceipt> Receipts { get; init; } = [];

    /// <summary>What was signed over them.</summary>
    public IReadOnlyList<KeptSignature> Signatures { get; init; } = [];

    /// <summary>How many unproven rows are accepted.</summary>
    public long AcceptedUnproven { get; init; }
}

/// <summary>What a verification found: that nobody changed the book, and that the hosts left nothing out.</summary>
public sealed record VerificationResult(IntegrityVerdict Integrity, CompletenessVerdict Completeness)
{
    /// <summary>The streams of some calls, by chance: what is made of the journal is compared for them.</summary>
    public IReadOnlyList<string> Sample { get; init; } = [];
}

/// <summary>With which keys signatures are checked, and where the one came from that is believed.</summary>
internal readonly record struct KeyChoice(VerifierKey Key, KeyChain Chain, KeyTrust Trust)
{
    /// <exception cref="NoteFormatException">A key file holds no key.</exception>
    /// <exception cref="LogKeyException">A key file cannot be used.</exception>
    public static KeyChoice Of(VerifyOptions options, LogRecord log)
    {
        if (options.TrustedKey is { } given)
        {
            return Of(given, log, KeyTrust.Given);
        }

        var found = options.KeyFile is { } file ? KeyFile.FindVerifierKey(file) : null;
        return found is null ? Of(log.Key, log, KeyTrust.Enclosed) : Of(found, log, KeyTrust.DataDirectory);
    }

    // Each key of a chain is signed by the one before it and the one behind it: who knows one knows them all.
    private static KeyChoice Of(VerifierKey key, LogRecord log, KeyTrust trust) =>
        new(key, log.Chain.Keys.Contains(key) ? log.Chain : KeyChain.Of(key), trust);
}

/// <summary>Where the key came from that signatures were checked with: a verdict is worth as much as that.</summary>
public enum KeyTrust
{
    /// <summary>There was no key.</summary>
    None,

    /// <summary>The one who asked gave it.</summary>
    Given,

    /// <summary>It lies in the node's data directory, outside the store.</summary>
    DataDirectory,

    /// <summary>It lies with what is verified: whoever forged that may have forged the key.</summary>
    Enclosed,
}
