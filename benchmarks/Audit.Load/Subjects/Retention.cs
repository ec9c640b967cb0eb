using System.Diagnostics;
using Audit.Load.Stores;
using Audit.Load.Workloads;
using Audit.Storage.Sqlite;
using Npgsql;

namespace Audit.Load.Subjects;

/// <summary>
/// All of a book archived and cut, beside a node that goes on taking in: how long that takes, what is left of the
/// journal, and what it costs the intake, against the same without it before and after. The intake is looked at in short
/// bursts with rests between them, or the book would grow faster than it is cut. A large book is one of `--rows`: what
/// lies in the store before is made in slices.
/// </summary>
internal sealed class Retention(string? program) : IMeasured
{
    private const int BurstRecords = 5_000, Bursts = 4, RestInBursts = 4;

    /// <summary>Behind those of other measurements.</summary>
    private const int FirstRun = 3_000_000;

    private readonly string program = program ?? Path.Combine(AppContext.BaseDirectory, "audit.dll");

    private int run = FirstRun;

    public string Name => Names.Retention;

    public bool IsByHand => true;

    public async Task<Sample> MeasureAsync(LoadStore store, Workload work)
    {
        await using var node = await MeasuredNode.StartAsync(store, program);
        using var client = node.Client(NdjsonBodies.Connections);
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(MeasuredNode.WarmUp));
        await NdjsonBodies.PostAllAsync(client, NdjsonBodies.Of(work));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        await AdoptAsync(store, node);
        var before = await IntakeAsync(client, bursts => Task.FromResult(bursts < Bursts));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var (rows, size) = (await AskAsync(store, "SELECT count(*) FROM journal"), await SizeAsync(store));

        using var keeping = Start(
            store, node, "keep", "run", "--to", Path.Combine(store.Directory, "archive"), "--keys-to",
            Path.Combine(store.Directory, "archive-keys"));
        var meter = new Meter();
        var printing = keeping.StandardOutput.ReadToEndAsync();
        var failing = keeping.StandardError.ReadToEndAsync();
        var ended = keeping.WaitForExitAsync().ContinueWith(_ => meter.Elapsed, TaskScheduler.Default);
        var archiving = await IntakeAsync(client, async _ => !keeping.HasExited && await FirstCutAsync(store) == 0);
        var beginning = meter.Elapsed;
        var cutting = await IntakeAsync(client, _ => Task.FromResult(!keeping.HasExited));
        var elapsed = await ended;
        var cut = CutRows(keeping.ExitCode, await printing, await failing);
        // Where the keys end and the read models are made anew, too.
        var forgetting = await IntakeAsync(client, async _ => !await IsForgottenAsync(store));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        var after = await IntakeAsync(client, bursts => Task.FromResult(bursts < Bursts));
        await MeasuredNode.CaughtUpAsync(client, withSearch: true);
        await node.StopAsync();
        var shrinking = new Meter();
        if (store.Kind == "sqlite")
        {
            AuditStore.Shrink(store.Address);
        }

        var left = await SizeAsync(store);
        var shrunk = shrinking.Elapsed;
        var since = archiving.Records + cutting.Records + forgetting.Records + after.Records;
        var (aRow, stub) = (size / (double)rows, (left - (size / (double)rows * (rows - cut + since))) / cut);
        var usual = (before.Rate + after.Rate) / 2;
        return new Sample(cut, elapsed, TimeSpan.Zero, 0)
        {
            Note = FormattableString.Invariant(
                $"{cut:n0} of {rows:n0} rows cut, archived in {beginning.TotalSeconds:0} s and gone after {elapsed.TotalSeconds:0}; ")
                + FormattableString.Invariant(
                $"a row had {aRow:0} bytes of the store, and left {stub:0}; {size >> 20} MB before, {left >> 20} MB with ")
                + FormattableString.Invariant(
                $"{since:n0} rows that came since, shrunk in {shrunk.TotalSeconds:0} s; intake without it {before} and {after}, while it archived ")
                + FormattableString.Invariant(
                $"{archiving} ({archiving.Rate / usual:0.00}), cut {cutting} ({cutting.Rate / usual:0.00}), ")
                + FormattableString.Invariant($"was forgotten {forgetting} ({forgetting.Rate / usual:0.00})"),
        };
    }

    /// <summary>Posts bursts with rests between them for as long as is wanted.</summary>
    private async Task<Intake> IntakeAsync(HttpClient client, Func<int, Task<bool>> wanted)
    {
        var (records, busy, worst) = (0L, TimeSpan.Zero, double.MaxValue);
        for (var bursts = 0; await wanted(bursts); bursts++)
        {
            var bodies = NdjsonBodies.Of(new Workload(run++, BurstRecords));
            var since = Stopwatch.GetTimestamp();
            var recorded = await NdjsonBodies.PostAllAsync(client, bodies);
            var took = Stopwatch.GetElapsedTime(since);
            (records, busy) = (records + recorded, busy + took);
            worst = Math.Min(worst, recorded / took.TotalSeconds);
            await Task.Delay(RestInBursts * took);
        }

        return new Intake(records, busy.TotalSeconds == 0 ? 0 : records / busy.TotalSeconds, records == 0 ? 0 : worst);
    }

    private sealed record Intake(long Records, double Rate, double Worst)
    {
        public override string ToString() =>
            FormattableString.Invariant($"{Rate:n0}/s, at least {Worst:n0}");
    }

    private static Task<long> FirstCutAsync(LoadStore store) => AskAsync(
        store, "SELECT coalesce((SELECT min(ordering) FROM journal_cut), 0)");

    /// <summary>Two persons stand for it: everything is due at once.</summary>
    private async Task AdoptAsync(LoadStore store, MeasuredNode node)
    {
        var rules = Path.Combine(store.Directory, "retention.json");
        await File.WriteAllTextAsync(rules, """{"default":"0d"}""");
        foreach (var (name, role) in new[] { ("anna", "admin"), ("bob", "approve") })
        {
            var token = await RunAsync(store, node, "token", "create", name, "--role", role, "--person", name);
            await File.WriteAllTextAsync(Path.Combine(store.Directory, name), token.Split('\n')[0].Trim());
        }

        var adopted = await RunAsync(
            store, node, "keep", "adopt", rules, "--token-file", Path.Combine(store.Directory, "anna"));
        await RunAsync(
            store, node, "keep", "confirm", adopted.Split('\t')[0], "--token-file",
            Path.Combine(store.Directory, "bob"));
    }

    private static async Task<bool> IsForgottenAsync(LoadStore store) => await AskAsync(
        store,
        $"SELECT CASE WHEN ({LastActSql(store, "rows.forgotten")}) > ({LastActSql(store, "rows.cut")}) THEN CAST(1 AS BIGINT) END") > 0;

    private static string LastActSql(LoadStore store, string act) =>
        "SELECT max(ordering) FROM journal WHERE persistence_id = 'operator|keeping' AND " + (store.Kind == "sqlite"
            ? $"instr(CAST(message AS TEXT), '\"act\":\"{act}\"') > 0"
            : $"position(convert_to('\"act\":\"{act}\"', 'UTF8') IN message) > 0");

    private Process Start(LoadStore store, MeasuredNode node, params string[] arguments) => NodeProcess.Start(
        program, node.Data, arguments[0] == "keep" && arguments[1] == "run"
            ? [.. arguments, "--data", node.Data, "--store", store.Address, "--row-key", RowKeyOf(store)]
            : [.. arguments, "--data", node.Data]);

    private static string RowKeyOf(LoadStore store) => Path.Combine(store.Directory, "row.key");

    private async Task<string> RunAsync(LoadStore store, MeasuredNode node, params string[] arguments)
    {
        using var process = Start(store, node, arguments);
        var failing = process.StandardError.ReadToEndAsync();
        var printed = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? printed
            : throw new InvalidOperationException(
                $"audit {string.Join(' ', arguments)} ended with {process.ExitCode}: {await failing}");
    }

    private static long CutRows(int code, string printed, string failed)
    {
        var said = printed.Split('\n').FirstOrDefault(line => line.Contains("were cut", StringComparison.Ordinal));
        return code == 0 && said is not null
            ? long.Parse(said.Split(' ')[0])
            : throw new InvalidOperationException($"audit keep run ended with {code}: {failed}");
    }

    /// <summary>Of the journal and of what is left of it, without the room that became free.</summary>
    private static async Task<long> SizeAsync(LoadStore store)
    {
        if (store.Kind == "sqlite")
        {
            return await AskAsync(
                store,
                "SELECT (c.page_count - f.freelist_count) * s.page_size "
                + "FROM pragma_page_count() c, pragma_freelist_count() f, pragma_page_size() s");
        }

        // A server gives nothing back by itself.
        foreach (var table in new[] { "journal", "journal_cut", "journal_cut_stream", "payload_keys" })
        {
            await AskAsync(store, $"VACUUM (FULL) {table}");
        }

        return await AskAsync(
            store,
            """
            SELECT pg_total_relation_size('journal') + pg_total_relation_size('journal_cut')
                + pg_total_relation_size('journal_cut_stream') + pg_total_relation_size('payload_keys')
            """);
    }

    private static async Task<long> AskAsync(LoadStore store, string sql)
    {
        if (store.Kind == "sqlite")
        {
            using var file = SqliteDatabase.OpenWriter(store.Place);
            return file.Statement(sql).RunForNumber();
        }

        await using var connection = new NpgsqlConnection(store.Place);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        return await command.ExecuteScalarAsync() is long number ? number : 0;
    }
}
