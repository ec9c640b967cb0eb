using Audit.Journal;

namespace Audit.Integrity;

/// <summary>
/// Verifies a journal: every row against the log, and what the hosts say of themselves. It only reads, takes no lock, and
/// may run beside a node.
/// </summary>
public static class LogVerifier
{
    /// <summary>Verifies a store by its address, `sqlite:PATH` or `postgres:CONNECTION STRING`.</summary>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="LogKeyException">The key file cannot be used.</exception>
    /// <exception cref="NoteFormatException">The key file holds no key.</exception>
    public static async Task<Verdict> VerifyStoreAsync(
        string address, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        // The log first: rows that come meanwhile are only more than it covers.
        var log = await StoreLogSource.FindAsync(address, cancellation).ConfigureAwait(false);
        try
        {
            var rows = await RowSource.OpenAsync(address, cancellation).ConfigureAwait(false);
            await using (rows.ConfigureAwait(false))
                return await new Verification(options, progress).RunAsync(log, rows, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (log is not null)
                await log.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Verifies a bundle that was exported.</summary>
    /// <exception cref="BundleException">The file is no bundle.</exception>
    public static async Task<Verdict> VerifyBundleAsync(
        string path, VerifyOptions options, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        using var bundle = BundleReader.Open(path);
        var rows = bundle.OpenRows();
        await using (rows.ConfigureAwait(false))
            return await new Verification(options, progress).RunAsync(bundle.Log, rows, cancellation).ConfigureAwait(false);
    }
}
