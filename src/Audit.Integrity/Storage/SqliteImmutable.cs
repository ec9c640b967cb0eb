namespace Audit.Integrity.Storage;

/// <summary>
/// A database in write-ahead mode can be read from a place where nothing may be written only if SQLite is told that nobody
/// will change it.
/// </summary>
internal static class SqliteImmutable
{
    /// <summary>With a write-ahead log beside it, what the file says alone would be an old state.</summary>
    public static bool MayBe(string path) => !File.Exists(path + "-wal");

    public static string UriOf(string path) =>
        $"file:{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}?immutable=1";
}
