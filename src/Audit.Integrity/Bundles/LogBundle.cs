using System.IO.Compression;

namespace Audit.Integrity.Bundles;

/// <summary>
/// Exports what is sealed of a store into one zip file that can be verified anywhere, by this program or without it.
/// What is wrong with the store is exported as it is: the bundle is evidence, and its verification shows it.
/// </summary>
public static class LogBundle
{
    /// <summary>Writes a bundle to a file, which is there only when it is whole.</summary>
    /// <exception cref="BundleException">There is nothing sealed.</exception>
    public static async Task ExportAsync(
        string address, string path, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        var partial = path + ".part";
        try
        {
            var file = new FileStream(partial, FileMode.Create, FileAccess.Write);
            await using (file)
            {
                await WriteAsync(address, file, progress, cancellation);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Writes a bundle to a stream, which need not be able to seek.</summary>
    /// <exception cref="BundleException">There is nothing sealed.</exception>
    public static async Task WriteAsync(
        string address, Stream stream, IProgress<VerifyProgress>? progress, CancellationToken cancellation)
    {
        await using var log = await StoreLogSource.FindAsync(address, cancellation)
            ?? throw new BundleException("There is no log that could be exported: nothing was sealed.");
        if (log.Newest is null)
        {
            throw new BundleException("There is no checkpoint yet that could be exported.");
        }

        await using var files = await ZipArchive.CreateAsync(
            stream, ZipArchiveMode.Create, leaveOpen: true, null, cancellation);
        var writer = new BundleWriter(files, address, log, progress);
        await writer.WriteAsync(DateTimeOffset.UtcNow, cancellation);
    }
}

/// <summary>What is where in a bundle.</summary>
internal static class BundlePaths
{
    public const string ReadMe = "README.txt";
    public const string Checkpoint = "checkpoint";
    public const string VerifierKey = "log.vkey";
    public const string Rows = "rows.ndjson";
}

/// <summary>A file that is no bundle, or a store that none can be made of; the message is a sentence.</summary>
public sealed class BundleException(string message, Exception? inner = null) : Exception(message, inner);
