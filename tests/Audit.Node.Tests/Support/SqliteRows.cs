using Microsoft.Data.Sqlite;

namespace Audit.Node.Tests.Support;

/// <summary>The rows of a node's store as somebody with all rights on the file reads and changes them.</summary>
internal static class SqliteRows
{
    public static void Run(TestNode node, string sql)
    {
        using var connection = Open(node);
        using var command = new SqliteCommand(
            $"PRAGMA busy_timeout = 10000; DROP TRIGGER IF EXISTS journal_no_update; DROP TRIGGER IF EXISTS journal_no_delete; {sql}",
            connection);
        Assert.NotEqual(0, command.ExecuteNonQuery());
    }

    public static byte[] Message(TestNode node, long position)
    {
        using var connection = Open(node);
        using var command = new SqliteCommand($"SELECT message FROM journal WHERE ordering = {position}", connection);
        return Assert.IsType<byte[]>(command.ExecuteScalar());
    }

    private static SqliteConnection Open(TestNode node)
    {
        var connection = new SqliteConnection($"Data Source={node.StoreFile};Pooling=False");
        connection.Open();
        return connection;
    }
}
