using Audit.Load.Workloads;
using SQLitePCL;

namespace Audit.Load.Floors;

/// <summary>The journal's rows, inserted by hand.</summary>
internal sealed class SqliteJournalInsert
{
    private readonly SqliteFile database;
    private readonly sqlite3_stmt insert;

    public SqliteJournalInsert(SqliteFile database)
    {
        this.database = database;
        insert = database.Prepare("""
            INSERT INTO journal (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
            VALUES (?1, 0, ?2, ?3, ?4, ?5, 7401, ?6)
            """);
        raw.sqlite3_bind_text(insert, 6, Guid.NewGuid().ToString());
    }

    public void InsertAll(ReadOnlySpan<JournalRowToCopy> rows, int rowsPerTransaction)
    {
        while (!rows.IsEmpty)
        {
            var count = Math.Min(rowsPerTransaction, rows.Length);
            Insert(rows[..count]);
            rows = rows[count..];
        }
    }

    private void Insert(ReadOnlySpan<JournalRowToCopy> rows)
    {
        var created = DateTime.UtcNow.Ticks;
        string? manifest = null;
        database.Execute("BEGIN IMMEDIATE");
        raw.sqlite3_bind_int64(insert, 1, created);
        foreach (ref readonly var row in rows)
        {
            raw.sqlite3_bind_text(insert, 2, row.PersistenceIdUtf8.AsSpan());
            raw.sqlite3_bind_int64(insert, 3, row.Sequence);
            raw.sqlite3_bind_blob(insert, 4, row.Message.AsSpan());
            if (!ReferenceEquals(manifest, row.Manifest))
            {
                raw.sqlite3_bind_text(insert, 5, manifest = row.Manifest);
            }

            database.Run(insert);
        }

        database.Execute("COMMIT");
    }
}
