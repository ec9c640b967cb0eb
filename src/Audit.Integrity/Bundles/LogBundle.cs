using System.Data.Common;
using System.IO.Compression;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Audit.Integrity.Entries;

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
        string address, string path, EntryKeys keys, IProgress<VerifyProgress>? progress,
        CancellationToken cancellation)
    {
        var partial = path + ".part";
        try
        {
            var file = new FileStream(partial, FileMode.Create, FileAccess.Write);
            await using (file)
            {
                if (await WriteAsync(address, file, keys, BundleScope.All, progress, cancellation) is { } damage)
                {
                    ExceptionDispatchInfo.Throw(damage);
                }
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Writes a bundle to a stream, which need not be able to seek.</summary>
    /// <param name="scope">Whose rows are in it; of the others there are the entries, which hold no names.</param>
    /// <returns>Why it is not whole, as its last file says too; null where it is.</returns>
    /// <exception cref="BundleException">There is nothing sealed.</exception>
    public static async Task<Exception?> WriteAsync(
        string address, Stream stream, EntryKeys keys, BundleScope scope, IProgress<VerifyProgress>? progress,
        CancellationToken cancellation)
    {
        await using var log = await StoreLogSource.FindAsync(address, cancellation)
            ?? throw new BundleException("There is no log that could be exported: nothing was sealed.");
        if (log.Newest is null)
        {
            throw new BundleException("There is no checkpoint yet that could be exported.");
        }

        await using var files = await ZipArchive.CreateAsync(
            stream, ZipArchiveMode.Create, leaveOpen: true, null, cancellation);
        var writer = new BundleWriter(files, address, log, keys, scope, progress);
        try
        {
            await writer.WriteAsync(DateTimeOffset.UtcNow, cancellation);
            return null;
        }
        catch (Exception damage) when (damage is StoreException or LogDamagedException or DbException)
        {
            // The answer is on its way, and a connection that is cut would not say why.
            await writer.StopAsync(damage.Message, cancellation);
            return damage;
        }
    }

    /// <returns>Why a bundle that was received is not whole; null where it is.</returns>
    /// <exception cref="InvalidDataException">It is no zip file.</exception>
    public static string? WhyStopped(string path)
    {
        using var files = ZipFile.OpenRead(path);
        return BundleReader.WhyStopped(files);
    }
}

/// <summary>What is where in a bundle.</summary>
internal static class BundlePaths
{
    public const string ReadMe = "README.txt", Scope = "scope.txt", Contents = "contents.json",
        Cut = "cut.json",
        Report = "report.html", Rows = "rows.ndjson", Logs = "logs.json", Keys = "keys.ndjson",
        Stopped = "STOPPED.txt",
        Checkpoint = "checkpoint", Witnessed = "checkpoint.witnessed", VerifierKey = "log.vkey";
}

/// <summary>Of which rows a bundle has more than the entry.</summary>
/// <param name="What">Which these are, in a line for a person; null for all.</param>
/// <param name="Holds">Looks at the stream's name and at the message as it is stored.</param>
public sealed record BundleScope(string? What, BundleChoice Holds)
{
    public static BundleScope All { get; } = new(null, static (_, _) => true);

    /// <summary>
    /// What whoever is given it may not see of a call that he sees: such a call's key is not in it. Null where he sees
    /// all of each call.
    /// </summary>
    public BundleChoice? Hides { get; init; }

    /// <summary>Whether it says how much the sessions held that it has rows of.</summary>
    public bool HasContents { get; init; }

    /// <summary>What a person reads of it; null where there is none.</summary>
    public BundleReport? Report { get; init; }

    /// <summary>The session of which it has all rows, with its source before it; null where it is about more.</summary>
    public string? WholeSession { get; init; }
}

/// <summary>
/// A page for people in a bundle. The book has its hash, among the rows of the bundle, so that who verifies these
/// verifies it with them.
/// </summary>
public sealed record BundleReport(byte[] Html)
{
    /// <summary>The act by which the book has the hash, among its facts.</summary>
    public const string Act = "case.exported", HashMember = "sha256";

    public string Sha256 { get; } = Convert.ToHexStringLower(SHA256.HashData(Html));
}

/// <summary>Whether a bundle has a row, by the stream's name in UTF-8 and the message as it is stored.</summary>
public delegate bool BundleChoice(ReadOnlySpan<byte> stream, ReadOnlyMemory<byte> message);

/// <summary>A file that is no bundle, or a store that none can be made of; the message is a sentence.</summary>
public sealed class BundleException(string message, Exception? inner = null) : Exception(message, inner);
