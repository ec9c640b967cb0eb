using Audit.Projections.Calls;
using Audit.Projections.Overview;
using Audit.Projections.Sessions;
using Audit.Projections.Stores;
using Audit.Projections.Windows;

namespace Audit.Projections.Sqlite;

/// <summary>Writes a batch and its offset in one transaction.</summary>
internal sealed class SqliteBatchWriter
{
    private const string OffsetSql = """
        UPDATE offsets SET position = ?2, digest = ?3, halted_at = NULL, sentence = NULL
        WHERE name = ?1 AND position = ?4 AND digest = ?5
        """;

    private const string MomentSql = "INSERT INTO moments (second, position) VALUES (?1, ?2)";

    private const string NamedSql = "INSERT INTO named (task_id, call) VALUES (?1, ?2) ON CONFLICT DO NOTHING";

    private readonly SqliteUpsert<SessionModel> sessions = new(ReadTables.Sessions);
    private readonly SqliteUpsert<CallModel> calls = new(ReadTables.Calls);
    private readonly SqliteUpsert<TransitionModel> transitions = new(ReadTables.Transitions);
    private readonly SqliteUpsert<TaskModel> tasks = new(ReadTables.Tasks);
    private readonly SqliteUpsert<WindowModel> windows = new(ReadTables.Windows);
    private readonly SqliteUpsert<ViolationModel> violations = new(ReadTables.Violations);
    private readonly SqliteUpsert<HourModel> hours = new(ReadTables.Hours);

    public bool Write(SqliteDatabase database, BatchRows rows)
    {
        var batch = rows.Batch;
        database.Execute("BEGIN IMMEDIATE");
        if (!MoveOffset(database, batch))
        {
            database.Execute("ROLLBACK");
            return false;
        }

        sessions.Write(database, rows.Sessions);
        calls.Write(database, rows.Calls);
        transitions.Write(database, rows.Transitions);
        tasks.Write(database, rows.Tasks);
        windows.Write(database, rows.Windows);
        violations.Write(database, rows.Violations);
        hours.Write(database, rows.Hours);
        if (batch.EmptiesHours)
        {
            database.Statement(ReadTables.DeleteEmptyHours).Run();
        }

        foreach (var moment in batch.Moments)
        {
            database.Statement(MomentSql).Bind(1, (long?)moment.Second).Bind(2, (long?)moment.Position).Run();
        }

        foreach (var (task, call) in batch.Named)
        {
            database.Statement(NamedSql).Bind(1, task).Bind(2, (long?)call).Run();
        }

        database.Execute("COMMIT");
        return true;
    }

    private static bool MoveOffset(SqliteDatabase database, ReadBatch batch) =>
        database.Statement(OffsetSql)
            .Bind(1, OffsetRow.Models)
            .Bind(2, (long?)batch.To.Position)
            .Bind(3, batch.To.Digest)
            .Bind(4, (long?)batch.From.Position)
            .Bind(5, batch.From.Digest)
            .Run() == 1;
}
