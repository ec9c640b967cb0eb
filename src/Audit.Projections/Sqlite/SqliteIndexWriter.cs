namespace Audit.Projections.Sqlite;

/// <summary>Adds a batch to the index.</summary>
internal static class SqliteIndexWriter
{
    public static void Write(SqliteDatabase database, IndexBatch batch)
    {
        foreach (var document in batch.Documents)
        {
            database.Statement("INSERT INTO docs (position, call, at) VALUES ($1, $2, $3)")
                .Bind(1, document.Position).Bind(2, document.Call).Bind(3, document.At).Run();
            database.Statement("INSERT INTO words (rowid, said, marks) VALUES ($1, $2, $3)")
                .Bind(1, document.Position)
                .BindText(2, batch.WordsOf(document))
                .BindText(3, batch.MarksOf(document))
                .Run();
        }

        foreach (var (key, name) in batch.Names)
        {
            database.Statement("INSERT INTO names (key, name) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .Bind(1, (long)key).Bind(2, name).Run();
        }

        foreach (var (position, sentence) in batch.Unread)
        {
            database.Statement("INSERT INTO unread (position, sentence) VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .Bind(1, position).Bind(2, sentence).Run();
        }
    }
}
