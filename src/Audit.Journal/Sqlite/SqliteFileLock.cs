namespace Audit.Journal.Sqlite;

/// <summary>
/// The hold of one node on one database file. The system frees it when the process ends, however it ends. Who holds it
/// is noted in a second file, for a locked file cannot be read by others everywhere.
/// </summary>
internal sealed class SqliteFileLock : IDisposable
{
    private readonly FileStream held;
    private readonly string note;

    private SqliteFileLock(FileStream held, string note)
    {
        this.held = held;
        this.note = note;
    }

    /// <exception cref="StoreException">Another node has the file.</exception>
    public static SqliteFileLock Take(string database)
    {
        var note = database + ".holder";
        FileStream held;
        try
        {
            held = new FileStream(database + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException failure) when (File.Exists(database + ".lock"))
        {
            throw new StoreException(
                $"The store {database} is in use by {Holder(note)}: only one node at a time can write a SQLite file.",
                failure);
        }
        File.WriteAllText(note, string.Create(
            CultureInfo.InvariantCulture,
            $"process {Environment.ProcessId} ({AppDomain.CurrentDomain.FriendlyName}) on {Environment.MachineName}"));
        return new SqliteFileLock(held, note);
    }

    public void Dispose()
    {
        if (held.SafeFileHandle.IsClosed)
        {
            return;
        }
        // The lock file itself stays: removing it would let two nodes hold two different files of that name.
        File.Delete(note);
        held.Dispose();
    }

    private static string Holder(string note)
    {
        try
        {
            return File.ReadAllText(note) is { Length: > 0 } holder ? holder : "another process";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return "another process";
        }
    }
}
