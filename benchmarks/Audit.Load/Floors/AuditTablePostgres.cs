using System.Diagnostics;
using System.Text;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using Npgsql;

namespace Audit.Load.Floors;

/// <summary>What a host would write instead: a table with an index, one INSERT and one commit a record.</summary>
internal sealed class AuditTablePostgres(string name, int connections) : IMeasured
{
    private const string TableSql = """
        CREATE TABLE audit (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, session_id TEXT NOT NULL, call_id TEXT NOT NULL,
            kind TEXT NOT NULL, written_at BIGINT NOT NULL, record TEXT NOT NULL);
        CREATE INDEX audit_by_call ON audit (session_id, call_id);
        """;

    private const string InsertSql =
        "INSERT INTO audit (session_id, call_id, kind, written_at, record) VALUES ($1, $2, $3, $4, $5)";

    public string Name => name;

    public string Kind => "postgres";

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        var dealt = work.DealtTo(connections);
        var open = new List<NpgsqlConnection>();
        for (var number = 0; number < connections; number++)
        {
            open.Add(await PostgresConnection.OpenAsync(store.Place));
        }

        await PostgresConnection.RunAsync(open[0], TableSql);
        var latencies = new Latencies(work.Messages.Length);
        var meter = new Meter(store);
        var written = await Task.WhenAll(
            dealt.Select((messages, number) => Task.Run(() => WriteAsync(open[number], messages, latencies))));
        var sample = meter.Read(written.Sum());
        foreach (var connection in open)
        {
            await connection.DisposeAsync();
        }

        return sample with { MedianLatency = latencies.Median() };
    }

    private static async Task<long> WriteAsync(NpgsqlConnection connection, Message[] messages, Latencies latencies)
    {
        var (session, call, kind, record) =
            (new NpgsqlParameter<string>(), new NpgsqlParameter<string>(), new NpgsqlParameter<string>(), new NpgsqlParameter<string>());
        var writtenAt = new NpgsqlParameter<long>();
        await using var insert = new NpgsqlCommand(InsertSql, connection)
        {
            Parameters = { session, call, kind, writtenAt, record },
        };
        await insert.PrepareAsync();
        var ticks = new List<long>(messages.Length);
        var end = Stopwatch.GetTimestamp() + TimeLimit.Ticks;
        foreach (var message in messages)
        {
            var before = Stopwatch.GetTimestamp();
            if (before > end)
            {
                break;
            }

            (session.TypedValue, call.TypedValue, kind.TypedValue) = (message.SessionId, message.CallId, message.Kind);
            (writtenAt.TypedValue, record.TypedValue) = (DateTime.UtcNow.Ticks, Encoding.UTF8.GetString(message.Record.Span));
            await insert.ExecuteNonQueryAsync();
            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        latencies.Add(ticks);
        return ticks.Count;
    }
}
