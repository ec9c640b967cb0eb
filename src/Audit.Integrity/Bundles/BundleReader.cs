using System.IO.Compression;
using System.Text;
using Audit.Integrity.Notes;
using Audit.Integrity.Storage;

namespace Audit.Integrity.Bundles;

/// <summary>Opens a bundle for verification.</summary>
internal sealed class BundleReader : IDisposable
{
    private const int LongestSmallFile = 1 << 20;

    private readonly ZipArchive files;

    // A second view of the same file: rows and tiles are read at the same time, each from its own place.
    private readonly ZipArchive rows;

    private BundleReader(ZipArchive files, ZipArchive rows)
    {
        this.files = files;
        this.rows = rows;
        var note = Text(BundlePaths.Checkpoint);
        var checkpoint = SignedCheckpoint.Parse(note).Checkpoint;
        var key = VerifierKey.Parse(Text(BundlePaths.VerifierKey).TrimEnd('\n'));
        var log = new LogRecord(1, checkpoint.Origin, key, default);
        Log = new BundleLogSource(files, log, new StoredCheckpoint(checkpoint.Size, 0, note, default));
    }

    public BundleLogSource Log { get; }

    /// <exception cref="BundleException">The file is no bundle.</exception>
    public static BundleReader Open(string path)
    {
        ZipArchive? files = null, rows = null;
        try
        {
            files = ZipFile.OpenRead(path);
            rows = ZipFile.OpenRead(path);
            return new BundleReader(files, rows);
        }
        catch (Exception failure) when (failure
            is InvalidDataException or IOException or UnauthorizedAccessException or NoteFormatException or BundleException)
        {
            files?.Dispose();
            rows?.Dispose();
            throw new BundleException($"{path} is no bundle of an audit log: {failure.Message}", failure);
        }
    }

    public BundleRowSource OpenRows() => new(File(rows, BundlePaths.Rows));

    public void Dispose()
    {
        files.Dispose();
        rows.Dispose();
    }

    internal static byte[] ReadAll(ZipArchiveEntry file)
    {
        var content = new byte[file.Length];
        using var stream = file.Open();
        stream.ReadExactly(content);
        return content;
    }

    private string Text(string name)
    {
        var file = File(files, name);
        return file.Length <= LongestSmallFile
            ? Encoding.UTF8.GetString(ReadAll(file))
            : throw new BundleException($"The bundle's file {name} is too long.");
    }

    private static ZipArchiveEntry File(ZipArchive archive, string name) =>
        archive.GetEntry(name) ?? throw new BundleException($"The bundle has no file {name}.");
}
