using System.Buffers.Binary;
using System.Threading.Channels;

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

/// <summary>
/// Whether the file was taken from under a node: while one has it, its header says so, and what was acknowledged last
/// lies in the write-ahead log beside it. Who copies the file alone, or with a tool of SQLite while the node goes on,
/// has a journal that looks whole and is not.
/// </summary>
internal sealed class FileUse
{
    // In the place that SQLite's header has for the program a file belongs to: "AUD" and a letter.
    private const int Place = 68, Open = 0x4155444F, Closed = 0x41554443, Torn = 0x41554454;

    private volatile bool isTorn;

    private FileUse(bool isTorn) => this.isTorn = isTorn;

    /// <summary>Rows may lack that somebody has receipts for.</summary>
    public bool IsTorn => isTorn;

    /// <summary>Looks at a file that nobody has open yet.</summary>
    public static FileUse Of(string path)
    {
        Span<byte> mark = stackalloc byte[sizeof(int)];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        file.Seek(Place, SeekOrigin.Begin);
        return new FileUse(file.ReadAtLeast(mark, mark.Length, throwOnEndOfStream: false) == mark.Length
            && BinaryPrimitives.ReadInt32BigEndian(mark) switch
            {
                Torn => true,
                // Who only looks leaves an empty one; that of a node has its mark, at least.
                Open => new FileInfo(path + "-wal") is not { Exists: true, Length: > 0 },
                _ => false,
            });
    }

    /// <summary>Says in the file itself that it is in use.</summary>
    public void Begin(SqliteDatabase database)
    {
        Mark(database, isTorn ? Torn : Open);
        // Who reads beside keeps it out of the file for now; the next of SQLite's own takes it in.
        database.Execute("PRAGMA wal_checkpoint(PASSIVE)");
    }

    /// <summary>On the word of a person, who knows what may be lost.</summary>
    public void Accept(SqliteDatabase database)
    {
        Mark(database, Open);
        isTorn = false;
    }

    /// <summary>Says that nothing is beside it any more, as far as it can be written.</summary>
    public async Task EndAsync(SqliteWriter writer)
    {
        try
        {
            if (!isTorn)
            {
                await writer.RunAsync(
                    database =>
                    {
                        Mark(database, Closed);
                        return true;
                    },
                    CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure
            is JournalUnavailableException or ChannelClosedException or ObjectDisposedException)
        {
            // On a full disk it stays open, with its write-ahead log beside it.
        }
    }

    private static void Mark(SqliteDatabase database, int mark) =>
        database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {mark}"));
}
