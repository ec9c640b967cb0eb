using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using SQLitePCL;

namespace Audit.Load.Floors;

/// <summary>What a host would write instead: a table with an index, one INSERT and one commit a record.</summary>
internal sealed class AuditTableSqlite(string name, int connections) : IMeasured
{
    private const string TableSql = """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY, session_id TEXT NOT NULL, call_id TEXT NOT NULL, kind TEXT NOT NULL,
            written_at INTEGER NOT NULL, record TEXT NOT NULL);
        CREATE INDEX audit_by_call ON audit (session_id, call_id);
        """;

    private const string InsertSql =
        "INSERT INTO audit (session_id, call_id, kind, written_at, record) VALUES (?1, ?2, ?3, ?4, ?5)";

    public string Name => name;

    public string Kind => "sqlite";

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        // A file of its own, with nothing else in it.
        var path = store.Place + ".audit";
        using var first = new SqliteFile(path);
        first.Execute(TableSql);
        var dealt = work.DealtTo(connections);
        var latencies = new Latencies(work.Messages.Length);
        using var ready = new CountdownEvent(connections);
        using var start = new ManualResetEventSlim();
        var writers = dealt
            .Select(messages => Task.Factory.StartNew(
                () => Write(path, messages, ready, start, latencies), TaskCreationOptions.LongRunning))
            .ToArray();
        ready.Wait();
        var meter = new Meter(store);
        start.Set();
        var written = await Task.WhenAll(writers);
        return meter.Read(written.Sum()) with { MedianLatency = latencies.Median() };
    }

    private static long Write(
        string path, Message[] messages, CountdownEvent ready, ManualResetEventSlim start, Latencies latencies)
    {
        using var database = new SqliteFile(path);
        var insert = database.Prepare(InsertSql);
        var ticks = new List<long>(messages.Length);
        ready.Signal();
        start.Wait();
        var end = Stopwatch.GetTimestamp() + TimeLimit.Ticks;
        foreach (var message in messages)
        {
            var before = Stopwatch.GetTimestamp();
            if (before > end)
            {
                break;
            }

            raw.sqlite3_bind_text(insert, 1, message.SessionId);
            raw.sqlite3_bind_text(insert, 2, message.CallId);
            raw.sqlite3_bind_text(insert, 3, message.Kind);
            raw.sqlite3_bind_int64(insert, 4, DateTime.UtcNow.Ticks);
            raw.sqlite3_bind_text(insert, 5, message.Record.Span);
            database.Run(insert);
            ticks.Add(Stopwatch.GetTimestamp() - before);
        }

        latencies.Add(ticks);
        return ticks.Count;
    }
}
