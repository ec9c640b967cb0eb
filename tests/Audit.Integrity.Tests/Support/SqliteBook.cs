using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Audit.Integrity.Tests.Support;

public sealed class SqliteBook : Book
{
    public string JournalPath => PathOf("journal.db");

    public string LogPath => PathOf("journal-log.db");

    public override string Address => "sqlite:" + JournalPath;

    public override string LogSchema => "";

    public override string InsertSql =>
        "INSERT INTO journal (ordering, created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid) ";

    public override Task<DbConnection> ConnectToJournalAsync() => ConnectAsync(JournalPath);

    public override Task<DbConnection> ConnectToLogAsync() => ConnectAsync(LogPath);

    public override async Task DropGuardAsync()
    {
        await using var connection = await ConnectToJournalAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = """
            DROP TRIGGER IF EXISTS journal_no_update;
            DROP TRIGGER IF EXISTS journal_no_delete;
            DROP TRIGGER IF EXISTS journal_no_replace;
            DROP TRIGGER IF EXISTS journal_no_past;
            """;
        await command.ExecuteNonQueryAsync();
    }

    public override async Task SkipPositionAsync()
    {
        await using var connection = await ConnectToJournalAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'journal'";
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Copies the files as they are while no node runs; the write-ahead logs have been taken in then.</summary>
    public IReadOnlyDictionary<string, byte[]> BackUp(params string[] paths)
    {
        foreach (var path in paths)
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            using var command = new SqliteCommand("PRAGMA wal_checkpoint(TRUNCATE)", connection);
            command.ExecuteNonQuery();
        }
        return paths.ToDictionary(path => path, File.ReadAllBytes);
    }

    public static void Restore(IReadOnlyDictionary<string, byte[]> backup)
    {
        foreach (var (path, content) in backup)
        {
            File.Delete(path + "-wal");
            File.Delete(path + "-shm");
            File.WriteAllBytes(path, content);
        }
    }

    private static async Task<DbConnection> ConnectAsync(string path)
    {
        var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        await connection.OpenAsync();
        return connection;
    }
}
