using Audit.Projections.Search.Indexing;
using Audit.Projections.Sqlite;
using Audit.Projections.Stores;

namespace Audit.Projections.Search.Sqlite;

/// <summary>Adds a batch to the index, and moves its offset, in one transaction.</summary>
internal sealed class SqliteIndexWriter
{
    private const string OffsetSql = """
        UPDATE offsets SET position = ?2, digest = ?3, halted_at = NULL, sentence = NULL
        WHERE name = ?1 AND position = ?4 AND digest = ?5
        """;

    private const string DocumentSql = "INSERT INTO docs (position, call, at) VALUES (?1, ?2, ?3)";

    private const string WordsSql = "INSERT INTO words (rowid, said, marks) VALUES (?1, ?2, ?3)";

    private const string NameSql = "INSERT INTO names (key, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

    private const string UnreadSql = "INSERT INTO unread (position, sentence) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

    public bool Write(SqliteDatabase database, IndexBatch batch)
    {
        database.Execute("BEGIN IMMEDIATE");
        if (!MoveOffset(database, batch))
        {
            database.Execute("ROLLBACK");
            return false;
        }

        foreach (var document in batch.Documents)
        {
            database.Statement(DocumentSql)
                .Bind(1, (long?)document.Position).Bind(2, (long?)document.Call).Bind(3, (long?)document.At).Run();
            database.Statement(WordsSql)
                .Bind(1, (long?)document.Position).BindText(2, batch.WordsOf(document)).BindText(3, batch.MarksOf(document)).Run();
        }

        foreach (var (key, name) in batch.Names)
        {
            database.Statement(NameSql).Bind(1, (long?)(long)key).Bind(2, name).Run();
        }

        foreach (var (position, sentence) in batch.Unread)
        {
            database.Statement(UnreadSql).Bind(1, (long?)position).Bind(2, sentence).Run();
        }

        database.Execute("COMMIT");
        return true;
    }

    private static bool MoveOffset(SqliteDatabase database, IndexBatch batch) =>
        database.Statement(OffsetSql)
            .Bind(1, OffsetRow.Search)
            .Bind(2, (long?)batch.To.Position)
            .Bind(3, batch.To.Digest)
            .Bind(4, (long?)batch.From.Position)
            .Bind(5, batch.From.Digest)
            .Run() == 1;
}
