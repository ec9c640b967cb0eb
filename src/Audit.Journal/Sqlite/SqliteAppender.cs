namespace Audit.Journal.Sqlite;

/// <summary>Writes one append in one transaction, on the writer's thread.</summary>
internal sealed class SqliteAppender
{
    private const string InsertSql = """
        INSERT INTO journal
            (created, deleted, persistence_id, sequence_number, message, manifest, identifier, writer_uuid)
        VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)
        """;

    private const string LastSequenceSql = "SELECT max(sequence_number) FROM journal WHERE persistence_id = ?1";

    private readonly AppendPlan plan = new();
    private readonly SqliteDatabase database;
    private readonly SqliteStatement insert;
    private readonly SqliteStatement lastSequence;
    private string? boundManifest;

    public SqliteAppender(SqliteDatabase database)
    {
        this.database = database;
        lastSequence = database.Statement(LastSequenceSql);
        insert = database.Statement(InsertSql)
            .Bind(6, JournalTable.SerializerId)
            .Bind(7, JournalTable.NewWriter());
    }

    /// <returns>The last position written, 0 when none was.</returns>
    public long Append(IReadOnlyList<RowToAppend> rows, Span<long> positions)
    {
        while (true)
        {
            plan.Make(rows);
            positions.Clear();
            if (plan.RowsToWrite == 0)
            {
                return 0;
            }

            database.Execute("BEGIN IMMEDIATE");
            if (TryInsertAll(rows, positions, out var last))
            {
                database.Execute("COMMIT");
                plan.Written(this);
                return last;
            }
            // A stream was found broken in its middle: it was marked lost, and the others start over without it.
            database.Execute("ROLLBACK");
        }
    }

    private bool TryInsertAll(IReadOnlyList<RowToAppend> rows, Span<long> positions, out long last)
    {
        last = 0;
        var streams = plan.Streams;
        for (var i = 0; i < rows.Count; i++)
        {
            if (plan.StreamOf(i) is var index && index < 0)
            {
                continue;
            }

            ref var stream = ref streams[index];
            if (stream.Refused)
            {
                continue;
            }

            var row = rows[i];
            var first = row.Sequence == stream.Expected + 1;
            if ((!first || StandsAtExpected(stream)) && Insert(row))
            {
                positions[i] = last = database.LastInsertedRow;
                continue;
            }
            stream.Refused = true;
            stream.Handle.Lose();
            if (!first)
            {
                return false;
            }
        }
        return true;
    }

    // A stream that is expected to be new needs no look: if it is not, its first row's key is there already.
    private bool StandsAtExpected(in StreamInAppend stream) =>
        stream.Expected == 0
        || stream.Handle.WasWritten(this, stream.Expected)
        || lastSequence.BindText(1, stream.Handle.Key.Utf8.Span).RunForNumber() == stream.Expected;

    private bool Insert(in RowToAppend row)
    {
        // Manifests are a handful of constants, and a bound value stays bound.
        if (!ReferenceEquals(row.Manifest, boundManifest))
        {
            insert.Bind(5, boundManifest = row.Manifest);
        }

        return insert.Bind(1, row.CreatedTicks)
            .BindText(2, row.Stream.Key.Utf8.Span)
            .Bind(3, row.Sequence)
            .BindBlob(4, row.Message.Span)
            .TryInsert();
    }
}
