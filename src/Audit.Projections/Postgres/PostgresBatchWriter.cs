using Audit.Projections.Calls;
using Audit.Projections.Overview;
using Audit.Projections.Sessions;
using Audit.Projections.Stores;
using Audit.Projections.Windows;
using Npgsql;
using NpgsqlTypes;

namespace Audit.Projections.Postgres;

/// <summary>Writes a batch and its offset in one transaction: one statement for the offset, and one a table.</summary>
internal sealed class PostgresBatchWriter
{
    private const string OffsetSql = """
        UPDATE offsets SET position = $2, digest = $3, halted_at = NULL, sentence = NULL
        WHERE name = $1 AND position = $4 AND digest = $5
        """;

    private const string MomentsSql = "INSERT INTO moments (second, position) SELECT * FROM unnest($1::bigint[], $2::bigint[])";

    private const string NamedSql =
        "INSERT INTO named (task_id, call) SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO NOTHING";

    private readonly PostgresUpsert<SessionModel> sessions = new(ReadTables.Sessions);
    private readonly PostgresUpsert<CallModel> calls = new(ReadTables.Calls);
    private readonly PostgresUpsert<TransitionModel> transitions = new(ReadTables.Transitions);
    private readonly PostgresUpsert<TaskModel> tasks = new(ReadTables.Tasks);
    private readonly PostgresUpsert<WindowModel> windows = new(ReadTables.Windows);
    private readonly PostgresUpsert<ViolationModel> violations = new(ReadTables.Violations);
    private readonly PostgresUpsert<HourModel> hours = new(ReadTables.Hours);

    public async Task<bool> WriteAsync(NpgsqlConnection connection, BatchRows rows, CancellationToken cancellation)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        if (!await MoveOffsetAsync(connection, rows.Batch, cancellation))
        {
            return false;
        }

        await using (var batch = new NpgsqlBatch(connection, transaction))
        {
            Fill(batch, rows);
            if (batch.BatchCommands.Count > 0)
            {
                await batch.ExecuteNonQueryAsync(cancellation);
            }
        }

        await transaction.CommitAsync(cancellation);
        return true;
    }

    private static async Task<bool> MoveOffsetAsync(NpgsqlConnection connection, ReadBatch rows, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(OffsetSql, connection);
        object[] values = [OffsetRow.Models, rows.To.Position, rows.To.Digest, rows.From.Position, rows.From.Digest];
        command.Parameters.AddRange(values.Select(PostgresSession.Parameter).ToArray());
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    private void Fill(NpgsqlBatch batch, BatchRows rows)
    {
        sessions.AddTo(batch, rows.Sessions);
        calls.AddTo(batch, rows.Calls);
        transitions.AddTo(batch, rows.Transitions);
        tasks.AddTo(batch, rows.Tasks);
        windows.AddTo(batch, rows.Windows);
        violations.AddTo(batch, rows.Violations);
        hours.AddTo(batch, rows.Hours);
        if (rows.Batch.EmptiesHours)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadTables.DeleteEmptyHours));
        }

        if (rows.Batch.Moments.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(MomentsSql)
            {
                Parameters =
                {
                    new NpgsqlParameter<long[]> { TypedValue = [.. rows.Batch.Moments.Select(moment => moment.Second)] },
                    new NpgsqlParameter<long[]> { TypedValue = [.. rows.Batch.Moments.Select(moment => moment.Position)] },
                },
            });
        }

        if (rows.Batch.Named.Count > 0)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(NamedSql)
            {
                Parameters =
                {
                    new NpgsqlParameter<string[]>
                    {
                        TypedValue = [.. rows.Batch.Named.Select(named => named.Task)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
                    },
                    new NpgsqlParameter<long[]> { TypedValue = [.. rows.Batch.Named.Select(named => named.Call)] },
                },
            });
        }
    }
}
